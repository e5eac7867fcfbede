-- Hitpoint in DaVinci Resolve's menu: starts Hitpoint's own process, and carries out here what it asks of Resolve.
-- Works in every edition: from 21.1 on the free one runs no other language. The process speaks HTTP on this machine alone,
-- under a token that only its standard output says; docs/bridge.md has the wire format, resolve/far.py what goes over it.

local PYTHON = "@HITPOINT_PYTHON@"
local VERB = "@HITPOINT_VERB@" -- score, remove or panel
local PROTOCOL = 1

local ALLOWED = {}
for name in ("@HITPOINT_CALLS@"):gmatch("%a+") do ALLOWED[name] = true end
local VALUES = { EXPORT_NONE = true, EXPORT_OTIO = true }

-- Of Lua's own, only what Resolve leaves: some builds are said to run menu scripts without io, os and require.
local has_ffi, found_ffi = pcall(function() return ffi or require("ffi") end)
if not has_ffi or type(found_ffi) ~= "table" then
  print("Hitpoint: this Resolve's Lua reaches nothing outside it. Export the timeline as OTIO, and run: hitpoint score EDIT")
  return
end
local ffi = found_ffi
local windows = ffi.os == "Windows"

-- JSON -----------------------------------------------------------------------------------------------------------------

local NULL = {} -- stands for null where Lua would have a hole

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function continues(text, first, last)
  for i = first, last do
    local byte = text:byte(i)
    if not byte or byte < 0x80 or byte > 0xBF then return false end
  end
  return true
end

-- Text as UTF-8: a byte that belongs to none becomes a question mark, since JSON has no other text.
local function utf8_of(text)
  if not text:find("[\128-\255]") then return text end
  local out, i = {}, 1
  while i <= #text do
    local byte, length = text:byte(i), 1
    if byte >= 0xC2 and byte <= 0xDF then length = 2 elseif byte >= 0xE0 and byte <= 0xEF then length = 3
    elseif byte >= 0xF0 and byte <= 0xF4 then length = 4 end
    local surrogate = byte == 0xED and (text:byte(i + 1) or 0) > 0x9F
    if byte < 0x80 or (length > 1 and not surrogate and continues(text, i + 1, i + length - 1)) then
      out[#out + 1] = text:sub(i, i + length - 1)
      i = i + length
    else
      out[#out + 1] = "?"
      i = i + 1
    end
  end
  return table.concat(out)
end

local function quoted(text)
  local escaped = utf8_of(text):gsub('[%c"\\]', function(sign)
    return ESCAPES[sign] or ("\\u%04x"):format(sign:byte())
  end)
  return '"' .. escaped .. '"'
end

local function number_text(value)
  if value ~= value or value == math.huge or value == -math.huge then return "null" end
  if value == math.floor(value) and math.abs(value) < 2 ^ 53 then return ("%d"):format(value) end
  local text = ("%.17g"):format(value):gsub(",", ".") -- some systems write a comma
  return text
end

local function utf8_char(code)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then
    return string.char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
  end
  return string.char(0xF0 + math.floor(code / 262144), 0x80 + math.floor(code / 4096) % 64,
    0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

local SIGNS = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function decoded(text)
  local at = 1
  local value

  local function space() at = text:find("%S", at) or #text + 1 end
  local function wrong() error("no JSON at " .. at, 0) end

  local function string_value()
    local out = {}
    at = at + 1
    while true do
      local stop = text:find('["\\]', at) or wrong()
      out[#out + 1] = text:sub(at, stop - 1)
      if text:sub(stop, stop) == '"' then
        at = stop + 1
        return table.concat(out)
      end
      local sign = text:sub(stop + 1, stop + 1)
      if sign == "u" then
        local code = tonumber(text:sub(stop + 2, stop + 5), 16) or wrong()
        at = stop + 6
        if code >= 0xD800 and code <= 0xDBFF then
          local low = text:match("^\\u(%x%x%x%x)", at)
          low = low and tonumber(low, 16) or 0
          if low >= 0xDC00 and low <= 0xDFFF then
            code = 0x10000 + (code - 0xD800) * 1024 + low - 0xDC00
            at = at + 6
          else
            code = 0xFFFD
          end
        elseif code >= 0xDC00 and code <= 0xDFFF then
          code = 0xFFFD
        end
        out[#out + 1] = utf8_char(code)
      else
        out[#out + 1] = SIGNS[sign] or wrong()
        at = stop + 2
      end
    end
  end

  local function members(close, one)
    local count = 0
    at = at + 1
    space()
    if text:sub(at, at) == close then
      at = at + 1
      return 0
    end
    while true do
      count = count + 1
      one(count)
      space()
      local sign = text:sub(at, at)
      at = at + 1
      if sign == close then return count end
      if sign ~= "," then wrong() end
      space()
    end
  end

  function value()
    space()
    local sign = text:sub(at, at)
    if sign == '"' then return string_value() end
    if sign == "{" then
      local out = {}
      members("}", function()
        space()
        if text:sub(at, at) ~= '"' then wrong() end
        local key = string_value()
        space()
        if text:sub(at, at) ~= ":" then wrong() end
        at = at + 1
        out[key] = value()
      end)
      return out
    end
    if sign == "[" then
      local out = {}
      out.n = members("]", function(index) out[index] = value() end)
      return out
    end
    for word, meant in pairs({ ["true"] = true, ["false"] = false, null = NULL }) do
      if text:sub(at, at + #word - 1) == word then
        at = at + #word
        return meant
      end
    end
    local digits = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", at)
    local number = digits and tonumber(digits) or wrong()
    at = at + #digits
    return number
  end

  local out = value()
  space()
  if at <= #text then wrong() end
  return out
end

-- A connection on this machine ------------------------------------------------------------------------------------------

pcall(ffi.cdef, "typedef struct { uint16_t family; uint16_t port; uint32_t address; char zero[8]; } hitpoint_address;")
pcall(ffi.cdef, "typedef struct { uint8_t length; uint8_t family; uint16_t port; uint32_t address; char zero[8]; } hitpoint_address_bsd;")
local net, send_flags = ffi.C, 0
if windows then
  pcall(ffi.cdef, [[
    int __stdcall WSAStartup(uint16_t version, void *data);
    uintptr_t __stdcall socket(int family, int kind, int protocol);
    int __stdcall connect(uintptr_t socket, const void *address, int length);
    int __stdcall send(uintptr_t socket, const char *data, int length, int flags);
    int __stdcall recv(uintptr_t socket, char *data, int length, int flags);
    int __stdcall closesocket(uintptr_t socket);
  ]])
  net = ffi.load("ws2_32")
  net.WSAStartup(0x0202, ffi.new("char[1024]"))
else
  pcall(ffi.cdef, [[
    int socket(int family, int kind, int protocol);
    int connect(int socket, const void *address, unsigned int length);
    intptr_t send(int socket, const void *data, size_t length, int flags);
    intptr_t recv(int socket, void *data, size_t length, int flags);
    int close(int handle);
  ]])
  pcall(ffi.cdef, "int setsockopt(int socket, int level, int name, const void *value, unsigned int length);")
  if ffi.os ~= "OSX" then send_flags = 0x4000 end -- no SIGPIPE, which would end Resolve's script process
end

local function swapped(port) return math.floor(port / 256) + port % 256 * 256 end

local Line = {}
Line.__index = Line

local function connected(port)
  local handle = net.socket(2, 1, 0)
  if (windows and handle == ffi.cast("uintptr_t", -1)) or (not windows and handle < 0) then return nil end
  local address
  if ffi.os == "OSX" or ffi.os == "BSD" then
    address = ffi.new("hitpoint_address_bsd")
    address.length = 16
    net.setsockopt(handle, 0xFFFF, 0x1022, ffi.new("int[1]", 1), 4) -- no SIGPIPE
  else
    address = ffi.new("hitpoint_address")
  end
  address.family = 2
  local big = ffi.abi("be")
  address.port = big and port or swapped(port)
  address.address = big and 0x7F000001 or 0x0100007F
  local line = setmetatable({ handle = handle, rest = "", room = ffi.new("char[65536]") }, Line)
  if net.connect(handle, address, 16) ~= 0 then
    line:close()
    return nil
  end
  return line
end

function Line:close()
  if self.handle then
    if windows then net.closesocket(self.handle) else net.close(self.handle) end
    self.handle = nil
  end
end

function Line:put(text)
  local at = 0
  local bytes = ffi.cast("const char *", text)
  while at < #text do
    local sent = tonumber(net.send(self.handle, bytes + at, #text - at, send_flags))
    if sent <= 0 then error("the connection broke", 0) end
    at = at + sent
  end
end

function Line:more()
  local got = tonumber(net.recv(self.handle, self.room, 65536, 0))
  if got <= 0 then error("the connection broke", 0) end
  return ffi.string(self.room, got)
end

function Line:head()
  while true do
    local first, last = self.rest:find("\r\n\r\n", 1, true)
    if first then
      local head = self.rest:sub(1, first + 1)
      self.rest = self.rest:sub(last + 1)
      return head
    end
    self.rest = self.rest .. self:more()
  end
end

function Line:body(length)
  local parts, have = { self.rest }, #self.rest
  while have < length do
    local part = self:more()
    parts[#parts + 1], have = part, have + #part
  end
  local whole = table.concat(parts)
  self.rest = whole:sub(length + 1)
  return whole:sub(1, length)
end

-- One exchange: what was answered as a table, empty where nothing was said; raises what the other side refused with.
function Line:exchange(service, method, path, body)
  local fields = {
    method .. " " .. path .. " HTTP/1.1",
    "Host: 127.0.0.1:" .. service.port,
    "Authorization: Bearer " .. service.token,
  }
  if service.session then fields[#fields + 1] = "Hitpoint-Session: " .. service.session end
  if body then
    fields[#fields + 1] = "Content-Type: application/json"
    fields[#fields + 1] = "Content-Length: " .. #body
  end
  self:put(table.concat(fields, "\r\n") .. "\r\n\r\n" .. (body or ""))
  local head = self:head()
  local status = tonumber(head:match("^HTTP/1%.1 (%d%d%d)")) or error("no answer that is known", 0)
  local length = tonumber(head:lower():match("\r\ncontent%-length: *(%d+)")) or 0
  local text = length > 0 and self:body(length) or ""
  local said = text ~= "" and decoded(text) or {}
  if status >= 400 then error(tostring(said.error or status), 0) end
  return said
end

-- Resolve's objects ------------------------------------------------------------------------------------------------------

local things, last_thing = {}, 0

local function is_object(value)
  local kind = type(value)
  return kind == "userdata" or kind == "cdata" or (kind == "table" and getmetatable(value) ~= nil)
end

-- An answer of Resolve's as it goes out: tables as pairs, for its markers have numbers for keys.
local function given_out(value, depth)
  local kind = type(value)
  if kind == "string" then return quoted(value) end
  if kind == "number" then return number_text(value) end
  if kind == "boolean" then return tostring(value) end
  if is_object(value) then
    last_thing = last_thing + 1
    things[last_thing] = value
    return '{"ref":' .. last_thing .. "}"
  end
  if kind == "table" and depth < 16 then
    local pairs_text = {}
    for key, inner in pairs(value) do
      if type(key) == "string" or type(key) == "number" then
        pairs_text[#pairs_text + 1] = "[" .. given_out(key, depth + 1) .. "," .. given_out(inner, depth + 1) .. "]"
      end
    end
    return '{"map":[' .. table.concat(pairs_text, ",") .. "]}"
  end
  return "null"
end

local function taken_in(value)
  if value == NULL then return nil end
  if type(value) ~= "table" then return value end
  if value.ref then return things[value.ref] end
  local out = {}
  for index = 1, value.list and value.list.n or 0 do out[index] = taken_in(value.list[index]) end
  for index = 1, value.map and value.map.n or 0 do
    local pair = value.map[index]
    out[taken_in(pair[1])] = taken_in(pair[2])
  end
  return out
end

-- What a command comes to, as JSON. Raises an error in words.
local function carried_out(what, given)
  for index = 1, type(given.drop) == "table" and given.drop.n or 0 do things[given.drop[index]] = nil end
  local thing = things[given.on]
  if what == "names" then return "null" end -- Lua cannot tell what an object offers
  if what == "value" and VALUES[given.name] then return thing == nil and "null" or given_out(thing[given.name], 0) end
  if what ~= "call" or not ALLOWED[given.name] then
    error("'" .. tostring(what) .. " " .. tostring(given.name) .. "' is not carried out: hitpoint install resolve", 0)
  end
  local method = thing ~= nil and thing[given.name] or nil
  if method == nil then return "null" end
  local arguments = {}
  for index = 1, given.given.n do arguments[index] = taken_in(given.given[index]) end
  return given_out((method(thing, unpack(arguments, 1, given.given.n))), 0)
end

-- The work ---------------------------------------------------------------------------------------------------------------

local function say(words) print("Hitpoint: " .. tostring(words)) end

local function is_text(value) return type(value) == "string" and value ~= "" end

-- Serves one process until it says goodbye, or until what was wished for is done.
local function serve(service, wish)
  local line = connected(service.port)
  if not line then
    if wish then say("its process does not answer") end
    return
  end
  things, last_thing = { [0] = resolve }, 0
  local title, version = resolve:GetProductName(), resolve:GetVersionString()
  local hello = ('{"protocol":%d,"host":"resolve","title":%s,"version":%s}'):format(PROTOCOL,
    quoted(is_text(title) and title or "DaVinci Resolve"), quoted(is_text(version) and version or "unknown"))
  local told = -1
  local works, problem = pcall(function()
    service.session = line:exchange(service, "POST", "/hello", hello).session
    if wish then line:exchange(service, "POST", "/ask", '{"ask":' .. quoted(wish) .. ',"with":{}}') end
    while true do
      local message = line:exchange(service, "GET", "/next")
      if message["do"] then
        local well, result = pcall(carried_out, message["do"], message.with)
        local answer = well and '"result":' .. result
          or '"error":{"kind":"fault","message":' .. quoted(tostring(result)) .. "}"
        line:exchange(service, "POST", "/done", ('{"id":%d,%s}'):format(message.id, answer))
      elseif message.tell == "bye" then
        return
      elseif message.tell == "progress" then
        local tenth = math.floor((tonumber(message.fraction) or 0) * 10)
        if tenth > told then
          told = tenth
          say(("%d %%, %s"):format(tenth * 10, tostring(message.words)))
        end
      elseif message.tell then
        say(message.words)
        for index = 1, type(message.warnings) == "table" and message.warnings.n or 0 do say(message.warnings[index]) end
        if wish then
          line:exchange(service, "POST", "/bye", "{}")
          return
        end
      end
    end
  end)
  line:close()
  things = {}
  if not works and (wish or not tostring(problem):find("the connection broke", 1, true)) then
    say(problem)
  end
end

local function shell_quoted(text)
  if windows then return '"' .. text .. '"' end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Resolve's own Python and libraries must not become those of ours.
local OURS = { "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH" }

local function command_line()
  local what = VERB == "panel" and "-m hitpoint.plugin.hosts.resolve.door" or "-m hitpoint bridge resolve"
  if windows then
    local cleared = {}
    for _, name in ipairs(OURS) do cleared[#cleared + 1] = 'set "' .. name .. '="' end
    return table.concat(cleared, "&") .. "&" .. shell_quoted(PYTHON) .. " " .. what
  end
  local parts = { "exec env" }
  for _, name in ipairs(OURS) do parts[#parts + 1] = "-u " .. name end
  return table.concat(parts, " ") .. " " .. shell_quoted(PYTHON) .. " " .. what
end

-- The process's standard output, line by line. Windows' plain popen takes paths in its old character sets only.
local function started(command)
  pcall(ffi.cdef, "char *fgets(char *text, int length, void *file);")
  local runtime, file = ffi.C, nil
  if windows then
    pcall(ffi.cdef, [[
      void *_wpopen(const uint16_t *command, const uint16_t *mode);
      int _pclose(void *file);
      int __stdcall MultiByteToWideChar(unsigned page, unsigned long flags, const char *text, int bytes, uint16_t *out, int room);
    ]])
    local function wide(text)
      local room = ffi.new("uint16_t[?]", #text + 1)
      ffi.load("kernel32").MultiByteToWideChar(65001, 0, text, -1, room, #text + 1)
      return room
    end
    runtime = ffi.load("msvcrt")
    file = runtime._wpopen(wide(command), wide("r"))
  else
    pcall(ffi.cdef, "void *popen(const char *command, const char *mode); int pclose(void *file);")
    file = runtime.popen(command, "r")
  end
  if file == nil then return nil end
  local room = ffi.new("char[8192]")
  return {
    read = function()
      if runtime.fgets(room, 8192, file) == nil then return nil end
      return (ffi.string(room):gsub("[\r\n]+$", ""))
    end,
    close = function()
      if windows then runtime._pclose(file) else runtime.pclose(file) end
    end,
  }
end

local function main()
  if not resolve then
    say("run it from Workspace > Scripts: there is no Resolve here")
    return
  end
  local process = started(command_line())
  if not process then
    say(PYTHON .. " does not start")
    return
  end
  local wish = VERB ~= "panel" and VERB or nil
  local silent = true
  while true do
    local text = process.read()
    if not text then break end
    silent = false
    local well, said = pcall(decoded, text)
    if well and type(said) == "table" and tonumber(said.port) and is_text(said.token) then
      serve({ port = said.port, token = said.token }, wish)
      if wish then break end
    elseif well and type(said) == "table" and is_text(said.words) then
      say(said.words)
    end
  end
  process.close()
  if silent and wish then say(PYTHON .. " does not start; this puts it right: hitpoint install resolve") end
end

main()
