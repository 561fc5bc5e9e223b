#!/bin/bash
# A container's health: what its supervisor says (packages/host/src/health-server.ts), or HAProxy on another port.
exec 5<>"/dev/tcp/127.0.0.1/${1:-10247}"
printf 'GET /healthz HTTP/1.0\r\n\r\n' >&5
read -r _ code _ <&5
[ "$code" = 200 ] || { cat <&5; exit 1; }
