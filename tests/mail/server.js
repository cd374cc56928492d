/* A mail server for the tests: smtp-server with AUTH, and faults that a test sets.
 *
 *   node server.js CERTIFICATE KEY USER PASSWORD SECURITY
 *
 * SECURITY is starttls, tls (from the first byte) or none. Says on its standard output, a line of
 * JSON each: {"port"}, then {"mail": {from, to, text}} for each mail that it took, {"auth": user} for
 * each try to sign in, and {"refused": stage} for each fault that struck. Reads from its standard
 * input {"to", "faults"}: what happens to the next tries to that address, one after another. A fault
 * is {"stage": "rcpt" or "data", "code"}, or {"stage": "before" or "after"}: the connection is cut
 * before or after the mail was taken. It ends when its standard input does. */

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { SMTPServer } from "smtp-server";

const [certificate, key, user, password, security] = process.argv.slice(2);
const faults = new Map();

const say = (event) => process.stdout.write(JSON.stringify(event) + "\n");

/* The next fault of an address, if it is of one of these stages. */
function strike(to, ...stages) {
  const left = faults.get(to) ?? [];
  if (!stages.includes(left[0]?.stage)) return null;
  const fault = left.shift();
  say({ refused: fault.stage });
  return fault;
}

function refusal(fault) {
  const error = new Error("as the test wants it");
  error.responseCode = fault.code;
  return error;
}

function cut(server, session) {
  for (const connection of server.connections)
    if (connection.session.id === session.id) connection._socket.destroy();
}

const server = new SMTPServer({
  cert: readFileSync(certificate),
  key: readFileSync(key),
  secure: security === "tls",
  hideSTARTTLS: security === "none",
  allowInsecureAuth: security === "none", // it would take what it must not be given
  authMethods: ["PLAIN", "LOGIN"],
  disableReverseLookup: true,
  onAuth(auth, session, done) {
    say({ auth: auth.username });
    const good = auth.username === user && auth.password === password;
    done(good ? null : new Error("who are you"), { user });
  },
  onRcptTo(address, session, done) {
    const fault = strike(address.address, "rcpt");
    done(fault ? refusal(fault) : null);
  },
  onData(stream, session, done) {
    const pieces = [];
    stream.on("data", (piece) => pieces.push(piece));
    stream.on("end", () => {
      const { mailFrom, rcptTo } = session.envelope;
      const to = rcptTo[0].address;
      const mail = { from: mailFrom.address, to, text: Buffer.concat(pieces).toString("latin1"),
                     secure: session.secure, user: session.user };
      const fault = strike(to, "data", "before", "after");
      say({ tried: mail });
      if (fault?.stage === "before") return cut(server, session);
      if (fault?.stage === "data") return done(refusal(fault));
      say({ mail });
      return fault ? cut(server, session) : done();
    });
  },
});

/* Who does not trust us, or is gone: that is what the test wants. */
server.on("error", (error) => say({ error: error.code ?? error.message }));
server.listen(0, "127.0.0.1", () => say({ port: server.server.address().port }));

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const told = JSON.parse(line);
    faults.set(told.to, told.faults);
    say({ set: told.to });
  })
  .on("close", () => process.exit(0));
