// Tells Monaco where its workers are: our own files, next to this script.
const { editor, json, graphql } = WORKER_URLS;
const files = { json, graphql };

globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(new URL(files[label] ?? editor, import.meta.url), { name: label }),
};
