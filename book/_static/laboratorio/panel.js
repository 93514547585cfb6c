"use strict";
// O que as estações partilham do lado da página: quem faz as contas e como se lhe pede.

// Um trabalhador, que é o mesmo para todas as estações da página.
function startWorker({ source, kernel }, plain = false) {
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(address), waiting = new Map();
  URL.revokeObjectURL(address);
  let next = 0;
  worker.onmessage = ({ data: { id, done, error, part } }) => {
    const asked = waiting.get(id);
    if (part) return asked.progress?.(part);
    waiting.delete(id);
    if (error) asked.failed(Error(error));
    else asked.done(done);
  };
  const ask = (task, details = {}, progress = null) =>
    new Promise((done, failed) => {
      waiting.set(next, { done, failed, progress });
      worker.postMessage({ id: next++, task, ...details });
    });
  return { ask, started: ask("start", { kernel, plain }), end: () => worker.terminate() };
}
