// Two browsers with fake cameras and microphones show Element Call as a widget, each served by its user's hospital, and meet. Says what
// it saw in lines of JSON, which the Go test judges.
import { input, report, Visitor } from "./element-call-visitor.mjs";

const [ana, bo] = input.seats.map((seat) => new Visitor(seat));
await Promise.all([ana.open(input.mode), bo.open(input.mode)]);
await ana.show();
await ana.untilMembers(1);
await bo.show();
report("ana", await ana.untilArriving());
report("bo", await bo.untilArriving());
report("members", { ana: await ana.untilMembers(2), bo: await bo.untilMembers(2) });
await ana.shot("both");
await bo.shot("both");
report("tiles", { ana: await ana.untilTiles(2), bo: await bo.untilTiles(2) });

await ana.page.evaluate(() => host.hangup());
report("hungup", { bo: await bo.untilMembers(1), actions: await ana.page.evaluate(() => host.actions) });
await bo.shot("alone");

report("asked", { ana: ana.asked(), bo: bo.asked() });
report("complaints", { ana: ana.complaints, bo: bo.complaints });
await Promise.all([ana.server.kill(), bo.server.kill()]);
process.exit(0);
