/*
 * What both Python SDKs send, as it came over the wire: agentkit-sdk-python 0.9.1 (`agentkit.sdk.mcp`) and
 * volcengine-python-sdk 5.0.54 (`volcenginesdkid`), signed by themselves with the secret access key "secret". Their
 * signatures are good for these bytes and this time alone. CreateMCPService, CreateUserPool, GetUserPool and
 * CreateUserPoolClient are those of the tutorial's cells.
 */
export const transcripts: readonly string[] = [
  String.raw`POST /?Action=CreateMCPService&Version=2025-10-30 HTTP/1.1
User-Agent: volc-sdk-python/v1.0.229
Accept-Encoding: gzip, deflate
Accept: application/json
Connection: keep-alive
X-Custom-Request-Context: agentkit-sdk-python/0.9.1 (schema=v1; entry=sdk; os=linux)
Host: localhost:18787
Content-Type: application/json
X-Date: 20261122T121755Z
X-Content-Sha256: e852b777a5fe823cd137d4344a8ee79348eb3d0839eaeff8e75a9c453a3449cf
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=17318b1d24682e154e38b4386c9cc65344a22706a40f4feb804b905c65872c54
Content-Length: 733

{"BackendType": "CustomPublic", "Name": "mcp-service-62160737", "Path": "/mcp", "ProjectName": "default", "ProtocolType": "MCP", "BackendConfiguration": {"CustomMcpConfiguration": {"PublicPackage": {"McpType": "Remote", "PackageManagerType": "NPX", "RawConfig": "{\"mcpServers\": {\"sequential-thinking\": {\"command\": \"npx\", \"args\": [\"-y\", \"@modelcontextprotocol/server-sequential-thinking\"]}}}"}}}, "InboundAuthorizerConfiguration": {"Authorizer": {"KeyAuth": {"ApiKeys": [{"Name": "mcp-service-api-key-62160737-1"}, {"Name": "mcp-service-api-key-62160737-2"}, {"Name": "mcp-service-api-key-62160737-3"}]}}, "AuthorizerType": "ApiKey"}, "NetworkConfiguration": {"EnablePrivateNetwork": false, "EnablePublicNetwork": true}}`,
  `POST /?Action=CreateUserPool&Version=2025-10-30 HTTP/1.1
Accept-Encoding: identity
Content-Length: 152
Accept: application/json
Content-Type: application/json
User-Agent: volcstack-python-sdk/5.0.54
X-Sdk-Invocation-Id: 490a93fc-f8a5-4458-bd80-42eedceb9f6a
X-Sdk-Request: attempt=1; max=4
Host: localhost:18787
X-Date: 20261122T121755Z
X-Content-Sha256: 415daa26358590f9b001846966cef061caaf768ebe65aac60cb65e4a3b5a9e62
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/id/request, SignedHeaders=content-type;host;x-content-sha256;x-date;x-sdk-invocation-id;x-sdk-request, Signature=d2b8081dab3052d9f21c4e8b62bdb54b998dc8339944d7f1c8e968744cc68ee2

{"Name": "user-pool-a22fdb02", "ProjectName": "default", "RequiredSignUpAttributes": ["preferred_username"], "SignInAttributes": ["preferred_username"]}`,
  `POST /?Action=GetUserPool&Version=2025-10-30 HTTP/1.1
Accept-Encoding: identity
Content-Length: 32
Accept: application/json
Content-Type: application/json
User-Agent: volcstack-python-sdk/5.0.54
X-Sdk-Invocation-Id: d02de84d-aae7-4774-942b-393f4d1a4621
X-Sdk-Request: attempt=1; max=4
Host: localhost:18787
X-Date: 20261122T121755Z
X-Content-Sha256: 8e5e12413f497e79004ceca8ac6da11521952e21cccf67626e7c36fce5099a19
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/id/request, SignedHeaders=content-type;host;x-content-sha256;x-date;x-sdk-invocation-id;x-sdk-request, Signature=fa69fdeb3c9858298413a4c5bcd5780a1b5f07572d93b22d87e07f9824dd078f

{"UserPoolUid": "pool-recorded"}`,
  `POST /?Action=CreateUserPoolClient&Version=2025-10-30 HTTP/1.1
Accept-Encoding: identity
Content-Length: 95
Accept: application/json
Content-Type: application/json
User-Agent: volcstack-python-sdk/5.0.54
X-Sdk-Invocation-Id: 705af2c6-f849-4330-8503-77f576d31252
X-Sdk-Request: attempt=1; max=4
Host: localhost:18787
X-Date: 20261122T121755Z
X-Content-Sha256: adb7231d4b1dfd556968cffb6a4f35cae24acf1ee0db0b9bc569d21d493ca2f8
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/id/request, SignedHeaders=content-type;host;x-content-sha256;x-date;x-sdk-invocation-id;x-sdk-request, Signature=40aef4355f326b43b757b5bb35b5544373f27f0579be8140636bfc0f2ca17610

{"ClientType": "MACHINE_TO_MACHINE", "Name": "client-a22fdb02", "UserPoolUid": "pool-recorded"}`,
  `POST /?Action=GetMCPService&Version=2025-10-30 HTTP/1.1
User-Agent: volc-sdk-python/v1.0.229
Accept-Encoding: gzip, deflate
Accept: application/json
Connection: keep-alive
X-Custom-Request-Context: agentkit-sdk-python/0.9.1 (schema=v1; entry=sdk; os=linux)
Host: localhost:18787
Content-Type: application/json
X-Date: 20261122T121755Z
X-Content-Sha256: eaaaeb610c4836d84fe9d3a1be121861761fb840cd1587d063f2cd0d4f1a2309
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=a61bb6c3f819e5f178498e78d031ef25131ff455d1aaef9f8b9747190fac541d
Content-Length: 32

{"MCPServiceId": "svc-recorded"}`,
  `POST /?Action=UpdateMCPService&Version=2025-10-30 HTTP/1.1
User-Agent: volc-sdk-python/v1.0.229
Accept-Encoding: gzip, deflate
Accept: application/json
Connection: keep-alive
X-Custom-Request-Context: agentkit-sdk-python/0.9.1 (schema=v1; entry=sdk; os=linux)
Host: localhost:18787
Content-Type: application/json
X-Date: 20261122T121755Z
X-Content-Sha256: eaaaeb610c4836d84fe9d3a1be121861761fb840cd1587d063f2cd0d4f1a2309
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=1e3be8dc6f3ebe1749e34f74c64d553fc389d020d303a0e9e7f7d6ab58204bb5
Content-Length: 32

{"MCPServiceId": "svc-recorded"}`,
  `POST /?Action=ListMCPServices&Version=2025-10-30 HTTP/1.1
User-Agent: volc-sdk-python/v1.0.229
Accept-Encoding: gzip, deflate
Accept: application/json
Connection: keep-alive
X-Custom-Request-Context: agentkit-sdk-python/0.9.1 (schema=v1; entry=sdk; os=linux)
Host: localhost:18787
Content-Type: application/json
X-Date: 20261122T121755Z
X-Content-Sha256: 8a9354f6dcd0e97e1f5804c376b5ed41c550757c400462c08746e820bee8250d
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=f6802305f2a1daa0e15ec0cabcec26b940373b425b0034d3848d8085c19283b1
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
X-Date: 20261122T121755Z
X-Content-Sha256: e61fbf84bcc7944aae15207f88185a06a0fbc29af99eca10f9e9186025ed946b
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=fc0b04c779586f15345ced813a993c616616b1bf50c095be8c3edfe215c44077
Content-Length: 240

{"MCPServiceIds": "svc-recorded", "Name": "toolset-recorded", "Path": "/mcp", "ProjectName": "default", "AuthorizerConfiguration": {"Authorizer": {"KeyAuth": {"ApiKeys": [{"Name": "key-1"}, {"Name": "key-2"}]}}, "AuthorizerType": "ApiKey"}}`,
  `POST /?Action=GetMCPToolset&Version=2025-10-30 HTTP/1.1
User-Agent: volc-sdk-python/v1.0.229
Accept-Encoding: gzip, deflate
Accept: application/json
Connection: keep-alive
X-Custom-Request-Context: agentkit-sdk-python/0.9.1 (schema=v1; entry=sdk; os=linux)
Host: localhost:18787
Content-Type: application/json
X-Date: 20261122T121755Z
X-Content-Sha256: 824c2700839d94be118b20300e1eea504e1f3e2c077966e99a1db074eca587b8
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=ec8781dacab2c57a0b15d974d6e9f8233e08b40df1fc17b17c27e76184e54602
Content-Length: 32

{"MCPToolsetId": "set-recorded"}`,
  String.raw`POST /?Action=UpdateMCPToolset&Version=2025-10-30 HTTP/1.1
User-Agent: volc-sdk-python/v1.0.229
Accept-Encoding: gzip, deflate
Accept: application/json
Connection: keep-alive
X-Custom-Request-Context: agentkit-sdk-python/0.9.1 (schema=v1; entry=sdk; os=linux)
Host: localhost:18787
Content-Type: application/json
X-Date: 20261122T121755Z
X-Content-Sha256: 77325c21a1ffd6ba26e4b04cdc3655375cb8f9e275206d11eaa1a49b8d18c7a8
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=3035cf3ad88004651db1522b6b27d7ab6782d923991078c9ae6ea396a775d7a7
Content-Length: 71

{"MCPServiceIds": "[\"svc-recorded\"]", "MCPToolsetId": "set-recorded"}`,
  `POST /?Action=ListMCPToolsets&Version=2025-10-30 HTTP/1.1
User-Agent: volc-sdk-python/v1.0.229
Accept-Encoding: gzip, deflate
Accept: application/json
Connection: keep-alive
X-Custom-Request-Context: agentkit-sdk-python/0.9.1 (schema=v1; entry=sdk; os=linux)
Host: localhost:18787
Content-Type: application/json
X-Date: 20261122T121755Z
X-Content-Sha256: 8a9354f6dcd0e97e1f5804c376b5ed41c550757c400462c08746e820bee8250d
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=8398a2ed62e09a15d9c20e58dbc717e75b69890dd61152033e4994b14959df2a
Content-Length: 18

{"MaxResults": 10}`,
  `POST /?Action=GetMCPTools&Version=2025-10-30 HTTP/1.1
User-Agent: volc-sdk-python/v1.0.229
Accept-Encoding: gzip, deflate
Accept: application/json
Connection: keep-alive
X-Custom-Request-Context: agentkit-sdk-python/0.9.1 (schema=v1; entry=sdk; os=linux)
Host: localhost:18787
Content-Type: application/json
X-Date: 20261122T121755Z
X-Content-Sha256: 824c2700839d94be118b20300e1eea504e1f3e2c077966e99a1db074eca587b8
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=41ee55419d3873e51c6fbbf03fd28909b0479bb002817849be8d5603f6da65b9
Content-Length: 32

{"MCPToolsetId": "set-recorded"}`,
  `POST /?Action=ListMCPTools&Version=2025-10-30 HTTP/1.1
User-Agent: volc-sdk-python/v1.0.229
Accept-Encoding: gzip, deflate
Accept: application/json
Connection: keep-alive
X-Custom-Request-Context: agentkit-sdk-python/0.9.1 (schema=v1; entry=sdk; os=linux)
Host: localhost:18787
Content-Type: application/json
X-Date: 20261122T121755Z
X-Content-Sha256: 2151adc6a7813937266861ad4e1a0f1cea9aca9047955396211483bdad8db1ad
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=0a0d1f709f739435211814d9f34bc6ce532dceb7e7469160cc55e5e005c6909e
Content-Length: 33

{"MCPToolsetIds": "set-recorded"}`,
  `POST /?Action=UpdateMCPTools&Version=2025-10-30 HTTP/1.1
User-Agent: volc-sdk-python/v1.0.229
Accept-Encoding: gzip, deflate
Accept: application/json
Connection: keep-alive
X-Custom-Request-Context: agentkit-sdk-python/0.9.1 (schema=v1; entry=sdk; os=linux)
Host: localhost:18787
Content-Type: application/json
X-Date: 20261122T121755Z
X-Content-Sha256: 65445329d8d346b5df615ef4690f72639071b81cc5dde5d2e5dd92724103ce7a
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=68a4234a5df370b49078ba805fd1d4a4f7dbfad2eb92053f4c863d7016b71363
Content-Length: 47

{"MCPServiceId": "svc-recorded", "Tools": "[]"}`,
  `POST /?Action=DeleteMCPToolset&Version=2025-10-30 HTTP/1.1
User-Agent: volc-sdk-python/v1.0.229
Accept-Encoding: gzip, deflate
Accept: application/json
Connection: keep-alive
X-Custom-Request-Context: agentkit-sdk-python/0.9.1 (schema=v1; entry=sdk; os=linux)
Host: localhost:18787
Content-Type: application/json
X-Date: 20261122T121755Z
X-Content-Sha256: 824c2700839d94be118b20300e1eea504e1f3e2c077966e99a1db074eca587b8
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=2f9717820be4fb8f1ee9a4b146c68d8ba785c2e50caa5fb0689caf774bf22dbc
Content-Length: 32

{"MCPToolsetId": "set-recorded"}`,
  `POST /?Action=DeleteMCPService&Version=2025-10-30 HTTP/1.1
User-Agent: volc-sdk-python/v1.0.229
Accept-Encoding: gzip, deflate
Accept: application/json
Connection: keep-alive
X-Custom-Request-Context: agentkit-sdk-python/0.9.1 (schema=v1; entry=sdk; os=linux)
Host: localhost:18787
Content-Type: application/json
X-Date: 20261122T121755Z
X-Content-Sha256: eaaaeb610c4836d84fe9d3a1be121861761fb840cd1587d063f2cd0d4f1a2309
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/agentkit/request, SignedHeaders=content-type;host;x-content-sha256;x-custom-request-context;x-date, Signature=4ddad3baab7d5c7a6bcf74660cc6383887eb417482aa1291bd7353e2a1f8aeb2
Content-Length: 32

{"MCPServiceId": "svc-recorded"}`,
  `POST /?Action=UpdateUserPool&Version=2025-10-30 HTTP/1.1
Accept-Encoding: identity
Content-Length: 117
Accept: application/json
Content-Type: application/json
User-Agent: volcstack-python-sdk/5.0.54
X-Sdk-Invocation-Id: 9cb6cdb4-3d08-4fef-a4d0-dfbcaa79e45b
X-Sdk-Request: attempt=1; max=4
Host: localhost:18787
X-Date: 20261122T121755Z
X-Content-Sha256: eed11fe07d902e7eebb42f8fad1fc22eb7d12989602d803c9040d53c9c660c3d
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/id/request, SignedHeaders=content-type;host;x-content-sha256;x-date;x-sdk-invocation-id;x-sdk-request, Signature=49730db07bb029f244263133499718949c74b33d13deca3ec7a9347cfaa44809

{"Brand": {"Name": "Recorded"}, "Description": "recorded", "SelfSignUpEnabled": true, "UserPoolUid": "pool-recorded"}`,
  `POST /?Action=ListUserPools&Version=2025-10-30 HTTP/1.1
Accept-Encoding: identity
Content-Length: 33
Accept: application/json
Content-Type: application/json
User-Agent: volcstack-python-sdk/5.0.54
X-Sdk-Invocation-Id: 93b6c5d5-1255-4f75-a792-bfe9703b903d
X-Sdk-Request: attempt=1; max=4
Host: localhost:18787
X-Date: 20261122T121755Z
X-Content-Sha256: 189de813e3ed8f2db070ede8038672365c9c8ae40d071e9dc4736b0c37b6f59a
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/id/request, SignedHeaders=content-type;host;x-content-sha256;x-date;x-sdk-invocation-id;x-sdk-request, Signature=ed0faaf1a065cd0ef10730aa5b6b293bbc80d957b2e2da89bb3c7a085d435383

{"PageNumber": 1, "PageSize": 10}`,
  `POST /?Action=GetUserPoolClient&Version=2025-10-30 HTTP/1.1
Accept-Encoding: identity
Content-Length: 64
Accept: application/json
Content-Type: application/json
User-Agent: volcstack-python-sdk/5.0.54
X-Sdk-Invocation-Id: 4de8869d-4552-4c97-8ebe-a1977070fbbc
X-Sdk-Request: attempt=1; max=4
Host: localhost:18787
X-Date: 20261122T121755Z
X-Content-Sha256: a676c26903739c1cffd084137791f0494980dee36fa7de3bc4a041dec5a1dbb1
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/id/request, SignedHeaders=content-type;host;x-content-sha256;x-date;x-sdk-invocation-id;x-sdk-request, Signature=1adb13270d687d9ef5f52281ae6621b088ac24879fc74a542d87348769ed3f49

{"ClientUid": "client-recorded", "UserPoolUid": "pool-recorded"}`,
  `POST /?Action=UpdateUserPoolClient&Version=2025-10-30 HTTP/1.1
Accept-Encoding: identity
Content-Length: 288
Accept: application/json
Content-Type: application/json
User-Agent: volcstack-python-sdk/5.0.54
X-Sdk-Invocation-Id: edc96618-0330-4cc4-bd73-101a28de18ff
X-Sdk-Request: attempt=1; max=4
Host: localhost:18787
X-Date: 20261122T121755Z
X-Content-Sha256: 2b212b037109a14e469f2f74b2f75a64fae6d9cfdbdf89465b4308c8a891a6c4
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/id/request, SignedHeaders=content-type;host;x-content-sha256;x-date;x-sdk-invocation-id;x-sdk-request, Signature=80fe05e56a17fa788f428080e35c5644b5d32adb453f3dcdfadd8bb5861a80bd

{"AllowedCors": ["http://localhost:3000"], "ClientUid": "client-recorded", "Description": "recorded", "IdToken": {"LifeTimeSeconds": 600}, "Name": "renamed", "RefreshToken": {"CombinedLifetimeSeconds": 86400, "HasCombinedLifetime": true, "Rotation": true}, "UserPoolUid": "pool-recorded"}`,
  `POST /?Action=ListUserPoolClients&Version=2025-10-30 HTTP/1.1
Accept-Encoding: identity
Content-Length: 65
Accept: application/json
Content-Type: application/json
User-Agent: volcstack-python-sdk/5.0.54
X-Sdk-Invocation-Id: 43b51416-d83b-4d54-83ac-019b4b6b96a0
X-Sdk-Request: attempt=1; max=4
Host: localhost:18787
X-Date: 20261122T121755Z
X-Content-Sha256: 54ee8217249e947ee52fef23acafe799eec3e8a0ceb92cafbd53663f9686fe11
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/id/request, SignedHeaders=content-type;host;x-content-sha256;x-date;x-sdk-invocation-id;x-sdk-request, Signature=ebe722c4b6ba039e06a9d78d3c88bc1d86b90966734694ebdfcecc6d53b415fb

{"PageNumber": 1, "PageSize": 10, "UserPoolUid": "pool-recorded"}`,
  `POST /?Action=DeleteUserPoolClient&Version=2025-10-30 HTTP/1.1
Accept-Encoding: identity
Content-Length: 64
Accept: application/json
Content-Type: application/json
User-Agent: volcstack-python-sdk/5.0.54
X-Sdk-Invocation-Id: f50a4c19-d8c6-4e4b-b010-ee1909275f95
X-Sdk-Request: attempt=1; max=4
Host: localhost:18787
X-Date: 20261122T121755Z
X-Content-Sha256: a676c26903739c1cffd084137791f0494980dee36fa7de3bc4a041dec5a1dbb1
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/id/request, SignedHeaders=content-type;host;x-content-sha256;x-date;x-sdk-invocation-id;x-sdk-request, Signature=c0f55c445358b8b0939b4c0641b6f118871dc6b7195e08036f1c80a8209ec330

{"ClientUid": "client-recorded", "UserPoolUid": "pool-recorded"}`,
  `POST /?Action=DeleteUserPool&Version=2025-10-30 HTTP/1.1
Accept-Encoding: identity
Content-Length: 32
Accept: application/json
Content-Type: application/json
User-Agent: volcstack-python-sdk/5.0.54
X-Sdk-Invocation-Id: 9de25f2e-d32b-46e9-9841-a20375b2916c
X-Sdk-Request: attempt=1; max=4
Host: localhost:18787
X-Date: 20261122T121755Z
X-Content-Sha256: 8e5e12413f497e79004ceca8ac6da11521952e21cccf67626e7c36fce5099a19
Authorization: HMAC-SHA256 Credential=AKLTlocal/20261122/cn-beijing/id/request, SignedHeaders=content-type;host;x-content-sha256;x-date;x-sdk-invocation-id;x-sdk-request, Signature=fb0f1cbebffc76127b1cd7e9083fc48ad9f821945d32e8f677e4cacadf44f2dd

{"UserPoolUid": "pool-recorded"}`,
]
