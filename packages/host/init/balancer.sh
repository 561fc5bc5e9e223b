#!/bin/sh
# A container that stands before several API servers: HAProxy in TCP mode. A server takes part while its /readyz says so;
# names are asked of the containers' network again and again, for a server may come back with another address.
set -eu
servers() { for name in $KEMU_CONTROL_PLANES; do echo "  server $name $name:$1 check port 6443 check-ssl verify none"; done; }
backend() {
  cat <<SECTION
listen $1
  bind :$2
  option httpchk GET /readyz
  http-check expect status 200
  default-server inter 2s fall 3 rise 1 on-marked-down shutdown-sessions resolvers engine init-addr none
$(servers "$2")
SECTION
}
cat >/run/haproxy.cfg <<CONFIG
global
  log stdout format raw local0 notice
  maxconn 4096
defaults
  mode tcp
  log global
  option dontlognull
  option redispatch 1
  retries 3
  # A host that is gone says nothing: the next one is tried.
  timeout connect 500ms
  timeout client 1h
  timeout server 1h
  timeout tunnel 24h
  timeout check 5s
resolvers engine
  nameserver dns 127.0.0.11:53
  hold valid 1s
  hold nx 1s
  resolve_retries 2
  timeout resolve 1s
  timeout retry 500ms
$(backend api 6443)
$(backend grpc 6444)
frontend health
  mode http
  bind 127.0.0.1:8080
  http-request return status 503 if { nbsrv(api) eq 0 }
  http-request return status 200
CONFIG
exec haproxy -W -db -f /run/haproxy.cfg
