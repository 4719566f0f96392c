-- The checks and duties of the gate for nginx + Lua: verified tokens are remembered, counters are kept in the worker and added to
-- the shared memory each second (as nginx-lua-prometheus does), records are nginx's own buffered access log.
local cjson = require "cjson.safe"
local lrucache = require "resty.lrucache"
local pkey = require "openssl.pkey"
local digest = require "openssl.digest"
local ngx, type, find, sub = ngx, type, string.find, string.sub
local BUCKETS = { 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10 }

local Gate = {}
Gate.__index = Gate

local function set(list)
  local found = {}
  for _, value in ipairs(list) do found[value] = true end
  return found
end

function Gate.new(rules)
  local file = assert(io.open(rules.key_file))
  local key = pkey.new(file:read("*a"))
  file:close()
  return setmetatable({
    key = key, issuer = rules.issuer, audience = rules.audience, country = "http_" .. rules.country_header:gsub("-", "_"),
    partners = set(rules.partners), restricted = set(rules.restricted), models = rules.models,
    known = lrucache.new(100000), counted = {}, observed = {},
  }, Gate)
end

local function unbase64url(text)
  text = text:gsub("-", "+"):gsub("_", "/")
  return ngx.decode_base64(text .. ("="):rep(-#text % 4))
end

local function der_integer(bytes)
  bytes = bytes:gsub("^%z+", "")
  if bytes == "" or bytes:byte(1) > 127 then bytes = "\0" .. bytes end
  return "\2" .. string.char(#bytes) .. bytes
end

-- JOSE signs ES256 with r and s side by side (RFC 7518, 3.4); OpenSSL wants DER.
local function der(signature)
  local pair = der_integer(signature:sub(1, 32)) .. der_integer(signature:sub(33))
  return "\48" .. string.char(#pair) .. pair
end

function Gate:verify(token)
  local head, body, signature = token:match("^([%w_-]+)%.([%w_-]+)%.([%w_-]+)$")
  if not head then return nil end
  local header, claims = cjson.decode(unbase64url(head) or ""), cjson.decode(unbase64url(body) or "")
  signature = unbase64url(signature)
  if type(header) ~= "table" or type(claims) ~= "table" or header.alg ~= "ES256" or not signature or #signature ~= 64 then return nil end
  if not self.key:verify(der(signature), digest.new("sha256"):update(head .. "." .. body)) then return nil end
  if claims.iss ~= self.issuer or claims.aud ~= self.audience or type(claims.exp) ~= "number" then return nil end
  local nationalities = claims.nationalities
  local person = { expires = claims.exp, organisation = claims.org_id, unknown = type(nationalities) ~= "table" or #nationalities == 0 }
  person.subject = ngx.encode_base64(ngx.hmac_sha1(self.issuer, claims.sub or ""))
  for _, code in ipairs(person.unknown and {} or nationalities) do person.restricted = person.restricted or self.restricted[code] end
  return person
end

function Gate:identify()
  local header = ngx.var.http_authorization
  if not header or sub(header, 1, 7) ~= "Bearer " then return nil, "token_missing" end
  local person = self.known:get(header)
  if not person then
    person = self:verify(sub(header, 8))
    if not person then return nil, "token_invalid" end
    self.known:set(header, person)
  end
  if person.expires <= ngx.time() then return nil, "token_expired" end
  return person
end

local function body_of()
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  if body then return body end
  local name = ngx.req.get_body_file()
  local file = name and io.open(name, "rb")
  if not file then return nil end
  body = file:read("*a")
  file:close()
  return body
end

function Gate:decide()
  local person, reason = self:identify()
  if not person then return 401, reason end
  local parsed = cjson.decode(body_of())
  local model = type(parsed) == "table" and parsed.model
  if type(model) ~= "string" then return 400, "model_unresolved" end
  local var, upstream = ngx.var, self.models[model]
  if not upstream then return 404, "model_unknown" end
  var.model, var.organisation, var.subject = model, person.organisation or "", person.subject
  if not (person.organisation and self.partners[person.organisation]) then return 403, "org_not_approved", model end
  if person.unknown then return 403, "nationality_unknown", model end
  if person.restricted then return 403, "nationality_restricted", model end
  local country = var[self.country]
  if not country then return 403, "region_unknown", model end
  if self.restricted[country] then return 403, "region_restricted", model end
  if upstream ~= "whole" then var.chosen = upstream end
  return nil, nil, model
end

function Gate:judge()
  local status, reason, model = self:decide()
  local context = ngx.ctx
  context.model = model or "other"
  if not status then
    ngx.var.decision = "permit"
    return
  end
  context.reason = reason
  ngx.var.reason = reason
  ngx.status = status
  ngx.header["content-type"] = "application/json"
  ngx.header["x-should-retry"] = "false"
  ngx.print('{"error":{"message":"', reason, '","type":"permission_error","code":"', reason, '","decision_id":"', ngx.var.request_id, '"}}')
  return ngx.exit(status)
end

local function add(counted, name, amount) counted[name] = (counted[name] or 0) + amount end

local function observe(observed, name, seconds)
  local histogram = observed[name]
  if not histogram then
    histogram = { sum = 0, count = 0 }
    for number = 1, #BUCKETS do histogram[number] = 0 end
    observed[name] = histogram
  end
  histogram.sum, histogram.count = histogram.sum + seconds, histogram.count + 1
  for number = 1, #BUCKETS do
    if seconds <= BUCKETS[number] then
      histogram[number] = histogram[number] + 1
      return
    end
  end
end

function Gate:count()
  local context, var, counted = ngx.ctx, ngx.var, self.counted
  local model, reason = context.model or "other", context.reason
  if reason then
    add(counted, 'requests_total{model="' .. model .. '",decision="deny"}', 1)
    add(counted, 'denied_requests_total{model="' .. model .. '",reason="' .. reason .. '",org="' .. var.organisation .. '"}', 1)
    return
  end
  add(counted, 'requests_total{model="' .. model .. '",decision="permit"}', 1)
  add(counted, 'upstream_requests_total{upstream="' .. var.chosen .. '",status="' .. (var.upstream_status or "0") .. '"}', 1)
  observe(self.observed, 'upstream_first_byte_seconds{upstream="' .. var.chosen .. '"', tonumber(var.upstream_header_time) or 0)
  observe(self.observed, 'request_seconds{model="' .. model .. '"', tonumber(var.request_time) or 0)
end

function Gate:share()
  local shared = ngx.shared.counters
  for name, value in pairs(self.counted) do shared:incr(name, value, 0) end
  self.counted = {}
  for name, histogram in pairs(self.observed) do
    local base, labels = name:match("^([^{]+)({.*)$")
    local below = 0
    for number, bound in ipairs(BUCKETS) do
      below = below + histogram[number]
      shared:incr(base .. "_bucket" .. labels .. ',le="' .. bound .. '"}', below, 0)
    end
    shared:incr(base .. "_bucket" .. labels .. ',le="+Inf"}', histogram.count, 0)
    shared:incr(base .. "_sum" .. labels .. "}", histogram.sum, 0)
    shared:incr(base .. "_count" .. labels .. "}", histogram.count, 0)
  end
  self.observed = {}
end

function Gate:start()
  ngx.timer.every(1, function() self:share() end)
end

function Gate:expose()
  self:share()
  local shared = ngx.shared.counters
  for _, name in ipairs(shared:get_keys(0)) do ngx.say("gateway_", name, " ", shared:get(name)) end
end

return Gate
