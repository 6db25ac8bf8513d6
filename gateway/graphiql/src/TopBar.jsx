// The bar above GraphiQL: choose a demo person, or paste a token.
import { useEffect, useRef, useState } from 'react';
import { currentExpiry, currentPerson, currentToken, identity, PASTED } from './identity.js';

const GROUPS = [
  ['STUDENT', 'Élèves'],
  ['PARENT', 'Parents'],
  ['COACH', 'Coachs'],
  ['ADMIN', 'Administration'],
];
const LOADING = 'loading';

export function TopBar({ who }) {
  return (
    <header className="nexus-bar">
      <h1 className="nexus-title">
        Nexus <span>l’API, à essayer</span>
      </h1>
      <p className="nexus-status" role="status" data-alert={who.refused || who.source === 'down' || undefined}>
        {status(who)}
      </p>
      {who.source === 'down' && (
        <button type="button" className="nexus-button" onClick={identity.renew}>
          Réessayer
        </button>
      )}
      {who.choice === PASTED && <PasteField pasted={who.pasted} focus={who.source === 'demo'} />}
      {who.source !== 'none' && <Picker who={who} />}
      <CopyButton token={currentToken(who)} />
    </header>
  );
}

function status(who) {
  const token = currentToken(who);
  if (who.refused) return 'Jeton refusé : expiré, révoqué ou mal signé.';
  if (who.source === 'loading') return 'Lecture des personnes de la démonstration…';
  if (who.choice === PASTED && !token) return 'Collez un jeton pour interroger l’API.';
  if (who.source === 'down' && !token) return 'La liste des personnes ne répond pas.';
  const end = new Date(currentExpiry(who));
  if (Number.isNaN(end.getTime())) return '';
  const hour = end.toLocaleTimeString('fr-FR', { hour: '2-digit', minute: '2-digit' });
  return who.choice === PASTED ? `Jeton valable jusqu’à ${hour}` : `Jeton valable jusqu’à ${hour}, renouvelé seul`;
}

function Picker({ who }) {
  const person = currentPerson(who);
  return (
    <div className="nexus-picker">
      <label htmlFor="nexus-person">Agir en tant que</label>
      <select
        id="nexus-person"
        value={who.source === 'loading' ? LOADING : (person?.id ?? PASTED)}
        disabled={who.source === 'loading'}
        title={person ? describe(person) : undefined}
        onChange={event => identity.choose(event.target.value)}
      >
        {who.source === 'loading' && <option value={LOADING}>…</option>}
        {GROUPS.map(([role, label]) => (
          <Group key={role} label={label} people={who.people.filter(one => one.role === role)} />
        ))}
        <optgroup label="Autre">
          <option value={PASTED}>Coller un jeton…</option>
        </optgroup>
      </select>
    </div>
  );
}

function Group({ label, people }) {
  if (!people.length) return null;
  return (
    <optgroup label={label}>
      {people.map(person => (
        <option key={person.id} value={person.id}>
          {describe(person)}
        </option>
      ))}
    </optgroup>
  );
}

const describe = ({ name, detail }) => (detail ? `${name} — ${detail}` : name);

function PasteField({ pasted, focus }) {
  const [text, setText] = useState(pasted);
  const field = useRef(null);
  useEffect(() => {
    if (focus) field.current.focus();
  }, [focus]);
  const submit = event => {
    event.preventDefault();
    identity.paste(text);
  };
  return (
    <form className="nexus-paste" onSubmit={submit}>
      <label className="nexus-hidden" htmlFor="nexus-token">
        Jeton d’accès (JWT)
      </label>
      <input
        id="nexus-token"
        ref={field}
        value={text}
        onChange={event => setText(event.target.value)}
        placeholder="eyJhbGciOi…"
        autoComplete="off"
        spellCheck={false}
      />
      <button type="submit" className="nexus-button" disabled={!text.trim()}>
        Utiliser
      </button>
    </form>
  );
}

function CopyButton({ token }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(setCopied, 2000, false);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    await navigator.clipboard.writeText(token);
    setCopied(true);
  };
  // the clipboard is closed to pages served without TLS from another machine
  if (!navigator.clipboard) return null;
  return (
    <button type="button" className="nexus-button nexus-copy" onClick={copy} disabled={!token}>
      {copied ? 'Copié' : 'Copier le jeton'}
    </button>
  );
}
