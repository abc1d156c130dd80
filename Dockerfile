# One image for both servers: `serve` runs the two, `serve idp` and `serve gateway` one each.
FROM node:24-bookworm-slim AS install
WORKDIR /app
COPY package.json package-lock.json ./
COPY shared/core/package.json shared/core/
COPY shared/server/package.json shared/server/
COPY idp/package.json idp/
COPY resource-server/kit/package.json resource-server/kit/
COPY resource-server/gateway/package.json resource-server/gateway/
COPY test/package.json test/
# No package needs its install script: the database comes with its binaries, of which one is kept.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && cd node_modules/better-sqlite3 \
 && rm -rf deps src \
 && find prebuilds -type f ! -name "linux-$(node -p process.arch).node" -delete

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    NODE_OPTIONS=--max-semi-space-size=8 \
    POSTERN_HOST=0.0.0.0 \
    POSTERN_DATA_DIR=/data
RUN mkdir /data && chown node:node /data
WORKDIR /app
COPY --from=install /app/node_modules node_modules
COPY package.json LICENSE ./
COPY shared shared
COPY idp idp
COPY resource-server resource-server
RUN ln -s /app/idp/bin/postern.js /usr/local/bin/postern
USER node
VOLUME /data
EXPOSE 4700 4701
# Ready is whichever of the two servers runs in this container, with TLS or without. Whose certificate it has is no matter here.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["node", "-e", "\
const ready = (scheme, port) => new Promise((resolve, reject) => { \
require(`node:${scheme}`).get({ host: '127.0.0.1', port, path: '/readyz', rejectUnauthorized: false }, \
({ statusCode }) => statusCode === 200 ? resolve() : reject(statusCode)).on('error', reject) }); \
const { POSTERN_IDP_PORT = 4700, POSTERN_GATEWAY_PORT = 4701 } = process.env; \
Promise.any([POSTERN_IDP_PORT, POSTERN_GATEWAY_PORT].flatMap((port) => ['http', 'https'].map((scheme) => ready(scheme, port)))) \
.then(() => process.exit(0), () => process.exit(1))"]
ENTRYPOINT ["postern"]
CMD ["serve"]
