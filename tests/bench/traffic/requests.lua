-- What a client host of ../capture asks of the web server, for wrk: wrk ... -- SEED REQUESTS
-- Sends REQUESTS requests, chosen by SEED, then ends wrk.

local pictures, pages, lists = 120, 120, 120
local agents = {
   "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
   "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
   "curl/8.11.0",
   "okhttp/4.12.0",
   "python-requests/2.32.3",
}
local hosts = { "shop.example.com", "api.example.com", "img.example.com" }
local answered, wanted = 0, 0

local function hex(digits)
   local text = {}
   for place = 1, digits do text[place] = string.format("%x", math.random(0, 15)) end
   return table.concat(text)
end

-- Few things are asked for often.
local function popular(most) return math.floor(most * math.random() ^ 2) end

local function order()
   local lines = {}
   for place = 1, math.random(1, 12) do
      lines[place] = string.format('{"sku": "%s", "count": %d, "price": %.2f}', hex(12), math.random(1, 9), math.random() * 500)
   end
   return '{"customer": ' .. math.random(1, 99999) .. ', "lines": [' .. table.concat(lines, ", ") .. "]}"
end

-- Method, path, body.
local function choose()
   local dice = math.random(1, 100)
   if dice <= 13 then return "GET", "/img/" .. popular(pictures) .. ".jpg" end
   if dice <= 48 then return "GET", "/pages/" .. popular(pages) .. ".html?ref=" .. hex(8) end
   if dice <= 78 then return "GET", "/api/items/" .. popular(lists) .. ".json?page=" .. math.random(1, 50) .. "&session=" .. hex(16) end
   if dice <= 86 then return "POST", "/api/orders", order() end
   if dice <= 88 then return "PUT", "/api/orders/" .. math.random(1, 9999), order() end
   if dice <= 90 then return "POST", "/api/session", "user=u" .. math.random(1, 9999) .. "&token=" .. hex(32) end
   if dice <= 94 then return "GET", "/api/items/missing-" .. math.random(1, 9999) end
   if dice <= 96 then return "GET", "/old/" .. math.random(1, 9999) end
   if dice <= 98 then return "GET", "/api/broken?order=" .. math.random(1, 9999) end
   if dice <= 99 then return "GET", "/api/busy" end
   return "DELETE", "/api/private/" .. math.random(1, 9999)
end

function init(arguments)
   math.randomseed(tonumber(arguments[1]))
   wanted = tonumber(arguments[2])
end

function request()
   local method, path, body = choose()
   local headers = {
      ["Host"] = wrk.scheme == "https" and wrk.host or hosts[math.random(#hosts)],
      ["User-Agent"] = agents[math.random(#agents)],
      ["Accept"] = "*/*",
      ["X-Request-Id"] = hex(32),
   }
   if math.random() < 0.15 then headers["Accept-Encoding"] = "gzip" end
   if math.random() < 0.5 then headers["Cookie"] = "session=" .. hex(32) .. "; theme=dark" end
   if math.random() < 0.08 then headers["Connection"] = "close" end
   if body then headers["Content-Type"] = body:sub(1, 1) == "{" and "application/json" or "application/x-www-form-urlencoded" end
   return wrk.format(method, path, headers, body)
end

function response()
   answered = answered + 1
   -- wrk itself would go on sleeping until its time is over.
   if answered >= wanted then os.exit(0) end
end
