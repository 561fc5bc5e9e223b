# One image for every host of a cluster (docker-compose.yml). Only bundles of the programs are shipped, no node_modules.
# The manifests alone: what they ask for is installed again only when they change.
FROM node:20-bookworm-slim AS manifests
WORKDIR /kemu
COPY . .
RUN find . -name package.json -o -name package-lock.json | tar -cf /manifests.tar -T -

# BUNDLES=machine takes the bundles that `npm run build` left on this machine, which is a matter of seconds: for tests of
# the compose files, and for who changes kemu. Its Node must be the image's.
FROM node:20-bookworm-slim AS build
ARG BUNDLES=own
WORKDIR /kemu
COPY --from=manifests /manifests.tar /
RUN [ "$BUNDLES" = machine ] || { tar -xf /manifests.tar && npm ci --ignore-scripts --no-audit --no-fund; }
COPY . .
RUN [ "$BUNDLES" = machine ] || { rm -rf packages/cli/dist && npm run build; }

FROM node:20-bookworm-slim
# iproute2, nftables, conntrack: pod network and services. crun: containers of real images. haproxy: the balancer of
# docker-compose.ha.yml. procps: ps and kill for people who look inside. redis-tools: the program of Debian's redis-server,
# which is a link to it, for the add-on logs.
RUN apt-get update \
  && apt-get install -y --no-install-recommends conntrack crun haproxy iproute2 nftables procps redis-tools \
  && ln -s redis-check-rdb /usr/bin/redis-server \
  && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/*
COPY --from=build /kemu/packages/cli/bin /opt/kemu/packages/cli/bin
COPY --from=build /kemu/packages/cli/dist/bundles /opt/kemu/packages/cli/dist/bundles
COPY --from=build /kemu/packages/host/init /opt/kemu/packages/host/init
COPY --from=build /kemu/packages/network/init /opt/kemu/packages/network/init
COPY --from=build /kemu/packages/pod-network/manifests /opt/kemu/packages/pod-network/manifests
COPY --from=build /kemu/packages/log-collector/manifests /opt/kemu/packages/log-collector/manifests
COPY --from=build /kemu/examples /opt/kemu/examples
RUN ln -s /opt/kemu/packages/cli/bin/kemu.cjs /usr/local/bin/kemu
ENTRYPOINT ["/opt/kemu/packages/host/init/container.sh"]
