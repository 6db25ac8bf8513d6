// Starts the page: the editor's workers, the demo people, then GraphiQL once its fonts can be measured.
import 'graphiql/style.css';
import './style.css';
import './workers.js';
import { createRoot } from 'react-dom/client';
import { App } from './App.jsx';
import { identity } from './identity.js';

identity.start();

// Monaco measures a character once: were its font to arrive later, the cursor would sit beside the text.
const fonts = Promise.allSettled(['15px "Fira Code"', '15px Roboto', '500 15px Roboto'].map(font => document.fonts.load(font)));
const patience = new Promise(resolve => setTimeout(resolve, 3000));
await Promise.race([fonts, patience]);

createRoot(document.getElementById('root')).render(<App />);
