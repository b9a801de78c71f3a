// Loaded before a script (node --import). Libraries are found in the folder that CLIENTS names, where scripts/install-clients
// put them, instead of beside the script.
//
// matrix-bot-sdk imports a native library for encryption, which only a download outside npm brings. A bot that does not
// encrypt needs none of it: an empty module takes its place.
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const installed = pathToFileURL(process.env.CLIENTS + "/").href;
const native = "@matrix-org/matrix-sdk-crypto-nodejs";
const empty = "data:text/javascript,";

registerHooks({
    resolve(specifier, context, next) {
        if (specifier === native) return { url: empty, format: "commonjs", shortCircuit: true };
        const ours = !context.parentURL?.startsWith(installed);
        if (ours && /^[@a-z]/.test(specifier) && !specifier.includes(":")) {
            return next(specifier, { ...context, parentURL: installed });
        }
        return next(specifier, context);
    },
    load(url, context, next) {
        if (url !== empty) return next(url, context);
        return { format: "commonjs", source: "module.exports = { StoreType: {} };", shortCircuit: true };
    },
});
