// The whole page: the bar that says who is asking, and GraphiQL below it.
import { GraphiQL } from 'graphiql';
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { createFetcher } from './fetcher.js';
import { currentSpeaker, identity } from './identity.js';
import { defaultTabs } from './tabs.js';
import { TopBar } from './TopBar.jsx';

// Nobody speaks: no schema, and no request for one. Somebody does: GraphiQL asks the gateway.
const NO_SCHEMA = null;
const ASK_FOR_SCHEMA = undefined;

export function App() {
  const who = useSyncExternalStore(identity.subscribe, identity.snapshot);
  const speaker = currentSpeaker(who);
  const { fetcher, close } = useMemo(createFetcher, [speaker]);
  useEffect(() => close, [close]);

  return (
    <>
      <TopBar who={who} />
      <main className="nexus-main">
        <GraphiQL
          fetcher={fetcher}
          schema={speaker ? ASK_FOR_SCHEMA : NO_SCHEMA}
          schemaDescription
          inputValueDeprecation
          defaultTabs={defaultTabs}
          shouldPersistHeaders={false}
          showPersistHeadersSettings={false}
        >
          <GraphiQL.Logo>
            <span className="nexus-logo">GraphiQL</span>
          </GraphiQL.Logo>
          <ClearAnswer speaker={speaker} />
        </GraphiQL>
      </main>
    </>
  );
}

/** What one person was shown must not stand under another's name. */
function ClearAnswer({ speaker }) {
  const { stop, updateActiveTabValues } = useGraphiQLActions();
  const responseEditor = useGraphiQL(state => state.responseEditor);
  const before = useRef(speaker);
  useEffect(() => {
    if (before.current === speaker) return;
    before.current = speaker;
    stop();
    responseEditor?.setValue('');
    updateActiveTabValues({ response: null });
  }, [speaker, responseEditor, stop, updateActiveTabValues]);
  return null;
}
