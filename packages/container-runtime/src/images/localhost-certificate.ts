/** The certificate that agnhost brings: tests ask its web server for it, and move it away to fail a probe. */
export const localhostCertificate = `-----BEGIN CERTIFICATE-----
MIIBlDCCATugAwIBAgIUDoA+vonHZ6+PC7HvbIlZJaDpkuEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjAwMDUzMloYDzIxMjYxMDI5
MDAwNTMyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASsY/SU7C6cudnqHXkScVtHMEiZ5zHFTrb23f6IyUasd1J99W2nzL7n
zh8a5cUAGxemGeoag4bT/JMAgLkeLlako2kwZzAdBgNVHQ4EFgQU34APMao4C8JN
Aw8fZNhAsmcr8YYwHwYDVR0jBBgwFoAU34APMao4C8JNAw8fZNhAsmcr8YYwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
RwAwRAIgEflpqwWKXVg99OnI0JKS2tpQz9Q+DlQfhcomDDGhCPcCIGUer+Vdu+LP
dFpu+6jJXIK+kH3bKFxhL7ftQZVgIFas
-----END CERTIFICATE-----
`
