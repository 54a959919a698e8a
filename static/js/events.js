/*
 * Reads a text/event-stream of our own server: named events, one after the other.
 * The server writes LF only and one JSON line as data; the upstream's frames are decoded there.
 */

/** @param {string} block @returns {{name: string, data: string} | null} */
function event(block) {
  let name = "message";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
  }
  return data.length ? { name, data: data.join("\n") } : null;
}

/** @param {ReadableStream<Uint8Array> | null} body */
export async function* read(body) {
  if (!body) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return; // An unfinished event at the end is not an event.
      rest += value;
      for (let at = rest.indexOf("\n\n"); at >= 0; at = rest.indexOf("\n\n")) {
        const found = event(rest.slice(0, at));
        rest = rest.slice(at + 2);
        if (found) yield found;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
