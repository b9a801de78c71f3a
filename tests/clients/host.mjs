// What a script needs of what it runs in: Node.js, or a page of a browser. The page comes from the Go test, at an origin
// that is no hospital's, and speaks with the test over HTTP beside it.
const node = {
    input: () => JSON.parse(process.env.INPUT),
    report: (line) => process.stdout.write(line + "\n"),
    end(err) {
        if (err) console.error(err);
        process.exit(err ? 1 : 0);
    },
};

let last = Promise.resolve(); // the request before, so that lines come in their order
const post = (to, body) => (last = last.then(() => fetch(to, { method: "POST", body })));
const page = {
    input: async () => (await fetch("input")).json(),
    report: (line) => void post("report", line),
    end: (err) => post("end", err ? `${err.message ?? err}\n${err.stack ?? ""}` : ""),
};

export const host = globalThis.document ? page : node;
