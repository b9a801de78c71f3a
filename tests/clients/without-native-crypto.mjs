// Loaded before matrix-bot-sdk. That library imports a native one for encryption, which only a download outside npm
// brings; a bot that does not encrypt needs none of it, so an empty module takes its place.
import { registerHooks } from "node:module";

const native = "@matrix-org/matrix-sdk-crypto-nodejs";

registerHooks({
    resolve(specifier, context, next) {
        if (specifier !== native) return next(specifier, context);
        return { url: "data:text/javascript,", format: "commonjs", shortCircuit: true };
    },
    load(url, context, next) {
        if (url !== "data:text/javascript,") return next(url, context);
        return { format: "commonjs", source: "module.exports = { StoreType: {}, RoomId: class {} };", shortCircuit: true };
    },
});
