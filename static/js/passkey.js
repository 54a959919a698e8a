/*
 * Passkeys: asks the browser for one and sends its answer with the form.
 *
 * <form data-passkey="sign-in">        asks the form's own address for the options (JSON)
 * <form data-passkey="authenticate">   takes them from <script id="passkey-options">
 * <form data-passkey="add">            likewise, and makes a new one
 *   <input type="hidden" name="credential">
 *   <button data-passkey-button>
 *   <p data-passkey-trouble hidden data-cancelled="..." data-unsupported data-known data-failed>
 */

/** @param {string} text */
function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

/** @param {ArrayBuffer} buffer */
function base64url(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {{id: string}[] | undefined} list */
function named(list) {
  return list?.map((each) => ({ ...each, id: bytes(each.id) }));
}

/** @param {PublicKeyCredential} credential */
function asJson(credential) {
  const { response } = credential;
  /** @type {Record<string, unknown>} */
  const answer = { clientDataJSON: base64url(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    const value = /** @type {any} */ (response)[name];
    if (value) answer[name] = base64url(value);
  }
  const transports = /** @type {any} */ (response).getTransports?.();
  if (transports) answer.transports = transports;
  return {
    id: credential.id,
    rawId: base64url(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: answer,
  };
}

/** @param {any} options */
function make(options) {
  const { publicKey } = options;
  const selection = { ...publicKey.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required" };
  return navigator.credentials.create({
    publicKey: {
      ...publicKey,
      authenticatorSelection: selection,
      challenge: bytes(publicKey.challenge),
      user: { ...publicKey.user, id: bytes(publicKey.user.id) },
      excludeCredentials: named(publicKey.excludeCredentials),
    },
  });
}

/** @param {any} options */
function ask(options) {
  const { publicKey } = options;
  return navigator.credentials.get({
    publicKey: { ...publicKey, challenge: bytes(publicKey.challenge), allowCredentials: named(publicKey.allowCredentials) },
  });
}

/** @param {HTMLFormElement} form */
async function optionsFor(form) {
  if (form.dataset.passkey !== "sign-in") {
    const options = JSON.parse(document.getElementById("passkey-options")?.textContent ?? "{}");
    return options.request_options ?? options.creation_options;
  }
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()).request_options;
}

/** @param {HTMLFormElement} form @param {unknown} error */
function explain(form, error) {
  const place = form.querySelector("[data-passkey-trouble]");
  if (!(place instanceof HTMLElement)) return;
  const { name, message } = /** @type {Error} */ (error);
  const kind = { NotAllowedError: "cancelled", AbortError: "cancelled", InvalidStateError: "known", SecurityError: "unsupported", NotSupportedError: "unsupported" }[name] ?? "failed";
  place.textContent = (place.dataset[kind] ?? message).replace("%reason%", message);
  place.hidden = false;
}

/** @param {HTMLFormElement} form @param {HTMLInputElement} field */
async function run(form, field) {
  const button = form.querySelector("[data-passkey-button]");
  const place = form.querySelector("[data-passkey-trouble]");
  if (place instanceof HTMLElement) place.hidden = true;
  button?.setAttribute("aria-disabled", "true");
  try {
    if (!window.PublicKeyCredential) throw new DOMException("", "NotSupportedError");
    const options = await optionsFor(form);
    const credential = await (form.dataset.passkey === "add" ? make(options) : ask(options));
    field.value = JSON.stringify(asJson(/** @type {PublicKeyCredential} */ (credential)));
    form.submit();
  } catch (error) {
    explain(form, error);
  } finally {
    button?.removeAttribute("aria-disabled");
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.passkey) return;
  const field = form.elements.namedItem("credential");
  event.preventDefault();
  const busy = form.querySelector("[data-passkey-button][aria-disabled=true]");
  if (field instanceof HTMLInputElement && !busy) run(form, field);
});
