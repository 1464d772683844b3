// Probot with a handler that does nothing, its log silent: node probot.mjs NODE_MODULES SECRET run|middleware.
// "run" is Probot as its users start it; "middleware" is its webhook part alone in a bare server.
// Prints its address once it answers.
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";

const [modules, secret, way] = process.argv.slice(2);
const { createNodeMiddleware, createProbot, run } = await import(`${modules}/probot/lib/index.js`);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = privateKey.export({ type: "pkcs8", format: "pem" });
const app = (bot) => bot.on("pull_request", async () => {});

const freePort = () =>
  new Promise((found) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });

if (way === "run") {
  const port = await freePort();
  const env = { APP_ID: "1", PRIVATE_KEY: pem, WEBHOOK_SECRET: secret, HOST: "127.0.0.1", PORT: `${port}` };
  await run(app, { env: { ...env, WEBHOOK_PATH: "/webhook", LOG_LEVEL: "fatal", NODE_ENV: "production" } });
  console.log(`http://127.0.0.1:${port}/`);
} else {
  const probot = createProbot({ overrides: { appId: 1, privateKey: pem, secret, logLevel: "fatal" } });
  const middleware = await createNodeMiddleware(app, { probot, webhooksPath: "/webhook" });
  const server = createServer((request, response) =>
    middleware(request, response, () => response.writeHead(404).end()),
  );
  server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
}
