// The operations that greet a newcomer, one per tab.
import agenda from './queries/agenda.graphql';
import journal from './queries/journal.graphql';
import progression from './queries/progression.graphql';
import tableauDeBord from './queries/tableau-de-bord.graphql';

const today = new Date(new Date().setHours(0, 0, 0, 0)).toISOString();

export const defaultTabs = [
  { query: tableauDeBord },
  { query: agenda, variables: JSON.stringify({ from: today }, null, 2) },
  { query: progression },
  { query: journal },
];
