"""Every route that is known, one a line: what it does, its name in records, methods, shape of the path, where the model is named.

`{model}` is one segment of the path that names the model, `{model...}` the rest of the path; any other `{word}` is an object's id.
Where the model is named: `body` (JSON), `form` (a part of a multipart body), `query`, `path`, `path+form`, `route` (the body, or else the
model to which the catalogue binds the route), `-`. Further words: `streams` (always), `shared` (the caller's headers tell the dialect),
`refuses:FIELD,...` (fields that are refused on this route beyond those that are refused everywhere).

inference: decided on and relayed. realtime: the same over a WebSocket, frame by frame. catalogue: answered from policy.
stateful: refused, because whose object it is cannot be told.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.wire.route import Dialect

LINES: Final[Mapping[Dialect, str]] = MappingProxyType(
    {
        Dialect.OPENAI: """
inference       chat_completions       POST         /v1/chat/completions                    body
inference       completions            POST         /v1/completions                         body
inference       responses              POST         /v1/responses body refuses:background,prompt,agent,agent_reference
inference       responses_input_tokens POST         /v1/responses/input_tokens              body   refuses:prompt
inference       embeddings             POST         /v1/embeddings                          body
inference       images_generations     POST         /v1/images/generations                  body
inference       images_edits           POST         /v1/images/edits                        form
inference       images_variations      POST         /v1/images/variations                   form
inference       audio_speech           POST         /v1/audio/speech                        body
inference       audio_transcriptions   POST         /v1/audio/transcriptions                form
inference       audio_translations     POST         /v1/audio/translations                  form
inference       moderations            POST         /v1/moderations                         body
catalogue       models                 GET          /v1/models                              -      shared
catalogue_item  model                  GET          /v1/models/{model...}                   -      shared
realtime        realtime               GET          /v1/realtime query refuses:call_id,session,session_id,conversation,conversation_id
stateful        realtime_sessions      POST         /v1/realtime/client_secrets             -
stateful        realtime_sessions      POST         /v1/realtime/sessions                   -
stateful        realtime_sessions      POST         /v1/realtime/transcription_sessions     -
stateful        realtime_calls         POST         /v1/realtime/calls                      -
stateful        realtime_calls         POST         /v1/realtime/calls/{id}/{verb}          -
stateful        stored_completions     GET          /v1/chat/completions                    -
stateful        stored_completions     GET,POST,DELETE /v1/chat/completions/{id}            -
stateful        stored_completions     GET          /v1/chat/completions/{id}/messages      -
stateful        stored_responses       GET,DELETE   /v1/responses/{id}                      -
stateful        stored_responses       POST         /v1/responses/{id}/cancel               -
stateful        stored_responses       GET          /v1/responses/{id}/input_items          -
stateful        responses_compact      POST         /v1/responses/compact                   -
stateful        conversations          POST         /v1/conversations                       -
stateful        conversations          GET,POST,DELETE /v1/conversations/{id}               -
stateful        conversations          GET,POST     /v1/conversations/{id}/items            -
stateful        conversations          GET,DELETE   /v1/conversations/{id}/items/{item}     -
stateful        files                  GET,POST     /v1/files                               -      shared
stateful        files                  GET,DELETE   /v1/files/{id}                          -      shared
stateful        files                  GET          /v1/files/{id}/content                  -      shared
stateful        uploads                POST         /v1/uploads                             -
stateful        uploads                POST         /v1/uploads/{id}/{verb}                 -
stateful        batches                GET,POST     /v1/batches                             -
stateful        batches                GET          /v1/batches/{id}                        -
stateful        batches                POST         /v1/batches/{id}/cancel                 -
stateful        vector_stores          GET,POST     /v1/vector_stores                       -
stateful        vector_stores          GET,POST,DELETE /v1/vector_stores/{id}               -
stateful        vector_stores          POST         /v1/vector_stores/{id}/search           -
stateful        vector_stores          GET,POST     /v1/vector_stores/{id}/files            -
stateful        vector_stores          GET,POST,DELETE /v1/vector_stores/{id}/files/{file}  -
stateful        vector_stores          GET          /v1/vector_stores/{id}/files/{file}/content -
stateful        vector_stores          POST         /v1/vector_stores/{id}/file_batches     -
stateful        vector_stores          GET          /v1/vector_stores/{id}/file_batches/{batch} -
stateful        vector_stores          POST         /v1/vector_stores/{id}/file_batches/{batch}/cancel -
stateful        vector_stores          GET          /v1/vector_stores/{id}/file_batches/{batch}/files -
stateful        fine_tuning            GET,POST     /v1/fine_tuning/jobs                    -
stateful        fine_tuning            GET          /v1/fine_tuning/jobs/{id}               -
stateful        fine_tuning            GET,POST     /v1/fine_tuning/jobs/{id}/{verb}        -
stateful        fine_tuning            GET,POST     /v1/fine_tuning/checkpoints/{id}/permissions -
stateful        fine_tuning            DELETE       /v1/fine_tuning/checkpoints/{id}/permissions/{permission} -
stateful        fine_tuning            POST         /v1/fine_tuning/alpha/graders/{verb}    -
stateful        fine_tuned_models      DELETE       /v1/models/{model...}                   -
stateful        assistants             GET,POST     /v1/assistants                          -
stateful        assistants             GET,POST,DELETE /v1/assistants/{id}                  -
stateful        threads                POST         /v1/threads                             -
stateful        threads                GET,POST,DELETE /v1/threads/{id}                     -
stateful        threads                GET,POST     /v1/threads/{id}/messages               -
stateful        threads                GET,POST,DELETE /v1/threads/{id}/messages/{message}  -
stateful        threads                POST         /v1/threads/runs                        -
stateful        threads                GET,POST     /v1/threads/{id}/runs                   -
stateful        threads                GET,POST     /v1/threads/{id}/runs/{run}             -
stateful        threads                GET,POST     /v1/threads/{id}/runs/{run}/{verb}      -
stateful        threads                GET          /v1/threads/{id}/runs/{run}/steps       -
stateful        threads                GET          /v1/threads/{id}/runs/{run}/steps/{step} -
stateful        containers             GET,POST     /v1/containers                          -
stateful        containers             GET,DELETE   /v1/containers/{id}                     -
stateful        containers             GET,POST     /v1/containers/{id}/files               -
stateful        containers             GET,DELETE   /v1/containers/{id}/files/{file}        -
stateful        containers             GET          /v1/containers/{id}/files/{file}/content -
stateful        evals                  GET,POST     /v1/evals                               -
stateful        evals                  GET,POST,DELETE /v1/evals/{id}                       -
stateful        evals                  GET,POST     /v1/evals/{id}/runs                     -
stateful        evals                  GET,POST,DELETE /v1/evals/{id}/runs/{run}            -
stateful        evals                  GET          /v1/evals/{id}/runs/{run}/output_items  -
stateful        evals                  GET          /v1/evals/{id}/runs/{run}/output_items/{item} -
stateful        videos                 GET,POST     /v1/videos                              -
stateful        videos                 GET,DELETE   /v1/videos/{id}                         -
stateful        videos                 GET,POST     /v1/videos/{id}/{verb}                  -
stateful        skills                 GET,POST     /v1/skills                              -      shared
stateful        skills                 GET,POST,DELETE /v1/skills/{id}                      -      shared
stateful        skills                 GET,POST     /v1/skills/{id}/{verb}                  -      shared
""",
        Dialect.ANTHROPIC: """
inference       messages               POST         /v1/messages                            body   refuses:container,thread
inference       messages_count_tokens  POST         /v1/messages/count_tokens               body
inference       complete               POST         /v1/complete                            body
stateful        messages_batches       GET,POST     /v1/messages/batches                    -
stateful        messages_batches       GET,DELETE   /v1/messages/batches/{id}               -
stateful        messages_batches       POST         /v1/messages/batches/{id}/cancel        -
stateful        messages_batches       GET          /v1/messages/batches/{id}/results       -
stateful        agents                 GET,POST     /v1/agents                              -
stateful        agents                 GET,POST     /v1/agents/{id}                         -
stateful        sessions               GET,POST     /v1/sessions                            -
stateful        sessions               GET,POST,DELETE /v1/sessions/{id}                    -
stateful        sessions               GET,POST     /v1/sessions/{id}/{verb}                -
""",
        Dialect.AZURE: """
inference       azure_chat             POST         /openai/deployments/{model}/chat/completions     path
inference       azure_completions      POST         /openai/deployments/{model}/completions          path
inference       azure_embeddings       POST         /openai/deployments/{model}/embeddings           path
inference       azure_images           POST         /openai/deployments/{model}/images/generations   path
inference       azure_images_edits     POST         /openai/deployments/{model}/images/edits         path+form
inference       azure_speech           POST         /openai/deployments/{model}/audio/speech         path
inference       azure_transcriptions   POST         /openai/deployments/{model}/audio/transcriptions path+form
inference       azure_translations     POST         /openai/deployments/{model}/audio/translations   path+form
inference       azure_responses        POST         /openai/responses body refuses:background,prompt,agent,agent_reference
inference       azure_v1_chat          POST         /openai/v1/chat/completions             body
inference       azure_v1_completions   POST         /openai/v1/completions                  body
inference       azure_v1_responses     POST         /openai/v1/responses body refuses:background,prompt,agent,agent_reference
inference       azure_v1_embeddings    POST         /openai/v1/embeddings                   body
inference       azure_v1_images        POST         /openai/v1/images/generations           body
inference       azure_v1_images_edits  POST         /openai/v1/images/edits                 form
inference       azure_v1_speech        POST         /openai/v1/audio/speech                 body
inference       azure_v1_transcriptions POST        /openai/v1/audio/transcriptions         form
inference       azure_v1_translations  POST         /openai/v1/audio/translations           form
inference       azure_models_chat      POST         /models/chat/completions                body
inference       azure_models_embeddings POST        /models/embeddings                      body
catalogue       azure_models           GET          /openai/models                          -
catalogue_item  azure_model            GET          /openai/models/{model}                  -
catalogue       azure_v1_models        GET          /openai/v1/models                       -
catalogue_item  azure_v1_model         GET          /openai/v1/models/{model}               -
realtime        azure_v1_realtime      GET       /openai/v1/realtime query refuses:call_id,session,session_id,conversation,conversation_id
stateful        azure_responses_stored GET,DELETE   /openai/responses/{id}                  -
stateful        azure_responses_stored GET,DELETE   /openai/v1/responses/{id}               -
stateful        azure_files            GET,POST     /openai/files                           -
stateful        azure_files            GET,DELETE   /openai/files/{id}                      -
stateful        azure_files            GET          /openai/files/{id}/content              -
stateful        azure_files            GET,POST     /openai/v1/files                        -
stateful        azure_files            GET,DELETE   /openai/v1/files/{id}                   -
stateful        azure_files            GET          /openai/v1/files/{id}/content           -
stateful        azure_batches          GET,POST     /openai/batches                         -
stateful        azure_batches          GET          /openai/batches/{id}                    -
stateful        azure_batches          POST         /openai/batches/{id}/cancel             -
stateful        azure_batches          GET,POST     /openai/v1/batches                      -
stateful        azure_batches          GET          /openai/v1/batches/{id}                 -
stateful        azure_batches          POST         /openai/v1/batches/{id}/cancel          -
stateful        azure_vector_stores    GET,POST     /openai/vector_stores                   -
stateful        azure_vector_stores    GET,POST     /openai/v1/vector_stores                -
stateful        azure_fine_tuning      GET,POST     /openai/fine_tuning/jobs                -
stateful        azure_fine_tuning      GET,POST     /openai/v1/fine_tuning/jobs             -
stateful        azure_assistants       GET,POST     /openai/assistants                      -
stateful        azure_threads          POST         /openai/threads                         -
""",
        Dialect.GEMINI: """
inference       gemini_generate        POST         /v1beta/models/{model}:generateContent       path
inference       gemini_stream          POST         /v1beta/models/{model}:streamGenerateContent path   streams
inference       gemini_count           POST         /v1beta/models/{model}:countTokens           path
inference       gemini_embed           POST         /v1beta/models/{model}:embedContent          path
inference       gemini_embeds          POST         /v1beta/models/{model}:batchEmbedContents    path
inference       gemini_predict         POST         /v1beta/models/{model}:predict               path
inference       gemini_v1_generate     POST         /v1/models/{model}:generateContent           path
inference       gemini_v1_stream       POST         /v1/models/{model}:streamGenerateContent     path   streams
inference       gemini_v1_count        POST         /v1/models/{model}:countTokens               path
inference       gemini_v1_embed        POST         /v1/models/{model}:embedContent              path
inference       gemini_v1_embeds       POST         /v1/models/{model}:batchEmbedContents        path
inference       gemini_v1_predict      POST         /v1/models/{model}:predict                    path
catalogue       gemini_models          GET          /v1beta/models                          -
catalogue_item  gemini_model           GET          /v1beta/models/{model}                  -
stateful        gemini_batches         POST         /v1beta/models/{model}:batchGenerateContent  -
stateful        gemini_batches         POST         /v1beta/models/{model}:asyncBatchEmbedContent -
stateful        gemini_operations      POST         /v1beta/models/{model}:predictLongRunning    -
stateful        gemini_batches         GET          /v1beta/batches                         -
stateful        gemini_batches         GET,DELETE   /v1beta/batches/{id}                    -
stateful        gemini_files           GET,POST     /v1beta/files                           -
stateful        gemini_files           GET,DELETE   /v1beta/files/{id}                      -
stateful        gemini_files           POST         /upload/v1beta/files                    -
stateful        gemini_caches          GET,POST     /v1beta/cachedContents                  -
stateful        gemini_caches          GET,PATCH,DELETE /v1beta/cachedContents/{id}         -
stateful        gemini_search_stores   GET,POST     /v1beta/fileSearchStores                -
stateful        gemini_search_stores   GET,DELETE   /v1beta/fileSearchStores/{id}           -
stateful        gemini_tuned_models    GET,POST     /v1beta/tunedModels                     -
stateful        gemini_tuned_models    GET,PATCH,DELETE /v1beta/tunedModels/{id}            -
stateful        gemini_interactions    POST         /v1beta/interactions                    -
stateful        gemini_interactions    GET,DELETE   /v1beta/interactions/{id}               -
""",
        Dialect.BEDROCK: """
inference       bedrock_invoke         POST         /model/{model}/invoke                   path
inference       bedrock_invoke_stream  POST         /model/{model}/invoke-with-response-stream path streams
inference       bedrock_converse       POST         /model/{model}/converse                 path
inference       bedrock_converse_stream POST        /model/{model}/converse-stream          path   streams
inference       bedrock_count_tokens   POST         /model/{model}/count-tokens             path
catalogue       bedrock_models         GET          /foundation-models                      -
catalogue_item  bedrock_model          GET          /foundation-models/{model}              -
stateful        bedrock_async          GET,POST     /async-invoke                           -
stateful        bedrock_async          GET          /async-invoke/{id}                      -
stateful        bedrock_jobs           POST         /model-invocation-job                   -
stateful        bedrock_jobs           GET          /model-invocation-jobs                  -
""",
        Dialect.COHERE: """
inference       cohere_chat            POST         /v2/chat                                body
inference       cohere_embed           POST         /v2/embed                               body
inference       cohere_rerank          POST         /v2/rerank                              body
inference       cohere_v1_chat         POST         /v1/chat                                body
inference       cohere_v1_generate     POST         /v1/generate                            body
inference       cohere_v1_embed        POST         /v1/embed                               body
inference       cohere_v1_rerank       POST         /v1/rerank                              body
inference       cohere_v1_classify     POST         /v1/classify                            body
inference       cohere_v1_summarize    POST         /v1/summarize                           body
inference       cohere_v1_tokenize     POST         /v1/tokenize                            body
inference       cohere_v1_detokenize   POST         /v1/detokenize                          body
stateful        cohere_datasets        GET,POST     /v1/datasets                            -
stateful        cohere_datasets        GET,DELETE   /v1/datasets/{id}                       -
stateful        cohere_embed_jobs      GET,POST     /v1/embed-jobs                          -
stateful        cohere_embed_jobs      GET          /v1/embed-jobs/{id}                     -
stateful        cohere_embed_jobs      POST         /v1/embed-jobs/{id}/cancel              -
stateful        cohere_connectors      GET,POST     /v1/connectors                          -
stateful        cohere_connectors      GET,PATCH,DELETE /v1/connectors/{id}                 -
stateful        cohere_fine_tuning     GET,POST     /v1/finetuning/finetuned-models         -
stateful        cohere_fine_tuning     GET,PATCH,DELETE /v1/finetuning/finetuned-models/{id} -
""",
    }
)

# Servers of one model (vLLM, TGI, SGLang) speak OpenAI's dialect beside routes of their own.
PLAIN: Final = """
inference       plain_generate         POST         /generate                               route
inference       plain_generate_stream  POST         /generate_stream                        route  streams
inference       plain_tokenize         POST         /tokenize                               route
inference       plain_detokenize       POST         /detokenize                             route
inference       plain_chat_tokenize    POST         /chat_tokenize                          route
inference       plain_embed            POST         /embed                                  route
inference       plain_rerank           POST         /rerank                                 route
inference       plain_predict          POST         /predict                                route
inference       plain_invocations      POST         /invocations                            route
inference       plain_pooling          POST         /pooling                                route
inference       plain_classify         POST         /classify                               route
inference       plain_score            POST         /score                                  route
inference       plain_v1_score         POST         /v1/score                               route
"""
