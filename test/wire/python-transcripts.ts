/*
 * What both Python SDKs send, as it came over the wire: agentkit-sdk-python 0.9.1 (`agentkit.sdk.mcp`) and
 * volcengine-python-sdk 5.0.54 (`volcenginesdkid`), signed by themselves with the secret access key "secret". Their
 * signatures are good for these bytes and this time alone.
 */
export const transcripts: readonly string[] = [
  `POST /?Action=ListMCPServices&Version=2025-10-30 HTTP/1.1
User-Agent: volc-sdk-python/v1.0.229
Accept-Encoding: gzip, deflate
Accept: application/json
Connection: keep-alive
X-Custom-Request-Context: agentkit-sdk-python/0.9.1 (schema=v1; entry=sdk; os=linux)
Host: localhost:18787
Content-Type: application/json
X-Date: 20261122T113404Z
X-Content-Sha256: 8a9354f6dcd0e97e1f5804c376b5ed41c550757c400462c08746e820bee8250d
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=d754afc2829574fcf5748ee4562648bb33d2b91b1365e73e59deb5ec28bad7ff
Content-Length: 18

{"MaxResults": 10}`,
  `POST /?Action=CreateMCPToolset&Version=2025-10-30 HTTP/1.1
User-Agent: volc-sdk-python/v1.0.229
Accept-Encoding: gzip, deflate
Accept: application/json
Connection: keep-alive
X-Custom-Request-Context: agentkit-sdk-python/0.9.1 (schema=v1; entry=sdk; os=linux)
Host: localhost:18787
Content-Type: application/json
X-Date: 20261122T113404Z
X-Content-Sha256: e970dec4090a20cbf2695d1df5295c153dc27d4d09e25d239d3e11923535eb6e
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=cb128bf6f8806a0ce3d4e2bb46230ddab089324dd4c0956aa93f7a92aca3c4ec
Content-Length: 154

{"MCPServiceIds": "a,b", "Name": "t", "Path": "/mcp", "AuthorizerConfiguration": {"Authorizer": {"KeyAuth": {"ApiKeys": []}}, "AuthorizerType": "ApiKey"}}`,
  `POST /?Action=UpdateMCPTools&Version=2025-10-30 HTTP/1.1
User-Agent: volc-sdk-python/v1.0.229
Accept-Encoding: gzip, deflate
Accept: application/json
Connection: keep-alive
X-Custom-Request-Context: agentkit-sdk-python/0.9.1 (schema=v1; entry=sdk; os=linux)
Host: localhost:18787
Content-Type: application/json
X-Date: 20261122T113404Z
X-Content-Sha256: e1c1257dbe71af3ef658fb146bf40a6d8787a3f8db828dfd5beca1b4ea10ea33
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=6afd902220b6cf7a4a44c47d9872c03eee81d1404dbba76c363f630b4c867b57
Content-Length: 36

{"MCPServiceId": "m", "Tools": "[]"}`,
  `POST /?Action=CreateUserPool&Version=2025-10-30 HTTP/1.1
Accept-Encoding: identity
Content-Length: 152
Accept: application/json
Content-Type: application/json
User-Agent: volcstack-python-sdk/5.0.54
X-Sdk-Invocation-Id: 91365938-9d37-4dd4-9851-12a06fbf2725
X-Sdk-Request: attempt=1; max=4
Host: localhost:18787
X-Date: 20261122T113421Z
X-Content-Sha256: 5d978feb668c763177865478a742a9cfceeffefc859a554126eb1b93e21fba94
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/id/request, SignedHeaders=content-type;host;x-content-sha256;x-date;x-sdk-invocation-id;x-sdk-request, Signature=cf9bbd402f41481d466f3c3fc368d3db659b376a0c9efbe9bf1270b00d6df4cc

{"Name": "user-pool-21a36f72", "ProjectName": "default", "RequiredSignUpAttributes": ["preferred_username"], "SignInAttributes": ["preferred_username"]}`,
  `POST /?Action=CreateUserPoolClient&Version=2025-10-30 HTTP/1.1
Accept-Encoding: identity
Content-Length: 83
Accept: application/json
Content-Type: application/json
User-Agent: volcstack-python-sdk/5.0.54
X-Sdk-Invocation-Id: 50db8f53-fc7b-4a77-92cf-fd39b6a8c4a0
X-Sdk-Request: attempt=1; max=4
Host: localhost:18787
X-Date: 20261122T113421Z
X-Content-Sha256: 322b152216485534b6faf540a02c95b890d38ee64ee2a90823c79eb1439031bd
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/id/request, SignedHeaders=content-type;host;x-content-sha256;x-date;x-sdk-invocation-id;x-sdk-request, Signature=ca870434da0af9e9bfb6a4deb22b643e5c640e7e2942b3515a7ce5b1da054448

{"ClientType": "MACHINE_TO_MACHINE", "Name": "client-21a36f72", "UserPoolUid": "u"}`,
]
