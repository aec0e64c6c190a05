# syntax=docker/dockerfile:1
# Flint in a container. With LISTEN_PORT and OUTPUT set it takes the place of the STIX Spark container (docs/drop-in.md).

FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
COPY samples samples
RUN npm run build

FROM node:22-slim
ENV NODE_ENV=production \
    FLINT_DATA_DIR=/var/lib/flint \
    FLINT_HTTP__LISTEN=127.0.0.1:8720
RUN install -d -m 0700 -o node -g node /var/lib/flint
WORKDIR /app
COPY package.json LICENSE ./
COPY samples samples
COPY pipelines pipelines
COPY --from=build /app/dist dist
USER node
VOLUME /var/lib/flint
EXPOSE 15155/udp
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8720/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
CMD ["run"]
