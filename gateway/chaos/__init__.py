"""Live under mistreatment: servers are killed while pupils work, and no event may be missing."""
