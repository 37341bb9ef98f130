# The operator's image: Node, the libraries it is linked with, and one file. No shell, no package manager.
#
#   docker build -t baton .
#
# BASE_IMAGE needs Node 24 (and npm for the first stage), cp, grep and ldd; it builds, and gives Node to the image.
# Without a network, give the modules as a build context in place of the first stage:
#
#   mkdir -p modules/src && cp -a node_modules modules/src
#   buildah bud --pull=never --build-arg BASE_IMAGE=... --build-context dependencies=modules -t baton .
ARG BASE_IMAGE=node:24.21.0-trixie-slim

FROM ${BASE_IMAGE} AS dependencies
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts

FROM ${BASE_IMAGE} AS build
WORKDIR /src
COPY --from=dependencies /src/node_modules node_modules
COPY . .
RUN node --run build
# Each file at its own path, so that the dynamic linker finds it.
RUN node="$(command -v node)" \
  && mkdir -p /image/app /image/usr/local/bin /image/etc \
  && cp -L "$node" /image/usr/local/bin/node \
  && cp -L --parents $(ldd "$node" | grep -o '/[^ ]*') /image \
  && cp dist/operator.mjs /image/app/ \
  && echo 'baton:x:65532:65532::/:/sbin/nologin' > /image/etc/passwd

FROM scratch
LABEL org.opencontainers.image.title=baton \
      org.opencontainers.image.description="A Kubernetes operator that tells the health of every service and says why" \
      org.opencontainers.image.licenses=Apache-2.0
COPY --from=build /image /
ENV NODE_ENV=production
# By number, so that the kubelet can verify runAsNonRoot. Nothing is written to the root file system.
USER 65532:65532
EXPOSE 8080 8081 8443
ENTRYPOINT ["/usr/local/bin/node", "/app/operator.mjs"]
