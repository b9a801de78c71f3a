// The node's Client-Server API, as far as the page needs it.

const login = await (await fetch("/_medix/login/token")).json();

export const me = { user: login.user_id, device: login.device_id };

export class Refused extends Error {
    constructor(status, body) {
        super(body?.error ?? String(status));
        this.status = status;
        this.code = body?.errcode ?? "";
    }
}

// ask sends a request; base may be another server's address.
export async function ask(method, path, body, options = {}) {
    const headers = options.foreign ? {} : { Authorization: "Bearer " + login.access_token };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), keepalive: options.keepalive, signal: options.signal });
    const text = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refused(answer.status, text);
    return text;
}

let counter = 0;

export const room = (id) => `/_matrix/client/v3/rooms/${encodeURIComponent(id)}`;
export const send = (id, type, content) => ask("PUT", `${room(id)}/send/${encodeURIComponent(type)}/${Date.now()}.${counter++}`, content);
export const setState = (id, type, key, content, query = "", options = {}) =>
    ask("PUT", `${room(id)}/state/${encodeURIComponent(type)}/${encodeURIComponent(key)}${query}`, content, options);
const sticky = (id, type, content, lasts, query, options) =>
    ask("PUT", `${room(id)}/send/${encodeURIComponent(type)}/${Date.now()}.${counter++}?org.matrix.msc4354.sticky_duration_ms=${lasts}${query}`, content, options);
export const sendSticky = (id, type, content, lasts, options = {}) => sticky(id, type, content, lasts, "", options);
export const sendDelayed = (id, type, content, lasts, delay) => sticky(id, type, content, lasts, `&org.matrix.msc4140.delay=${delay}`);
export const redact = (id, event) => ask("PUT", `${room(id)}/redact/${encodeURIComponent(event)}/${Date.now()}.${counter++}`, {});
// annotations gives the reactions to an event, the latest fifty.
export const annotations = async (id, event) =>
    (await ask("GET", `/_matrix/client/v1/rooms/${encodeURIComponent(id)}/relations/${encodeURIComponent(event)}/m.annotation/m.reaction?limit=50`)).chunk ?? [];
export const proof = () => ask("POST", `/_matrix/client/v3/user/${encodeURIComponent(me.user)}/openid/request_token`, {});

const own = (id) => `/_matrix/client/unstable/org.medixchange.conference/rooms/${encodeURIComponent(id)}`;
export const conference = (id) => ask("GET", own(id));
export const moderate = (id, action, content) => ask("POST", `${own(id)}/${action}`, content);
export const record = (id, content) => ask("POST", `${own(id)}/recording`, content);
export const consent = (id, answer) => ask("POST", `${own(id)}/recording/consent`, { answer });
export const recordingNow = (id) => ask("GET", `${own(id)}/recording`);
export const recordings = (id) => ask("GET", `${own(id)}/recordings`);
export const transports = () => ask("GET", "/_matrix/client/unstable/org.matrix.msc4143/rtc/transports");
