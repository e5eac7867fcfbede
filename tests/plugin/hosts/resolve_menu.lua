-- Runs a script of Resolve's menu outside it: `resolve` is userdata, as there, and each call is put to whoever started this
-- through standard output and answered through standard input. What the script prints goes to standard error.
-- The script has no io, no os and no require, as some builds are said to leave it; with "bare", no ffi either.

local script = arg[1]
local objects = setmetatable({}, { __mode = "k" })

function print(...) io.stderr:write(table.concat({ ... }, "\t"), "\n") end

local function literal(value)
  local kind = type(value)
  if value == nil then return "None" end
  if kind == "boolean" then return value and "True" or "False" end
  if kind == "number" then return ("%.17g"):format(value) end
  if kind == "userdata" then return ("('object', %d)"):format(objects[value]) end
  if kind == "string" then
    return "('text', '" .. value:gsub(".", function(sign) return ("%02x"):format(sign:byte()) end) .. "')"
  end
  local out = {}
  for key, inner in pairs(value) do out[#out + 1] = "(" .. literal(key) .. ", " .. literal(inner) .. ")" end
  return "('table', [" .. table.concat(out, ", ") .. "])"
end

local function asked(number, name, given)
  io.stdout:write(("(%d, %q, [%s])\n"):format(number, name, table.concat(given, ", ")))
  io.stdout:flush()
  local answer = io.stdin:read("*l")
  if not answer then os.exit(0) end
  return loadstring(answer)()
end

function object(number)
  local made = newproxy(true)
  objects[made] = number
  getmetatable(made).__index = function(_, name)
    local known, value = asked(number, name, { "'known'" })
    if not known then return nil end
    if known == "value" then return value end
    return function(...)
      local given = { "'call'" }
      for index = 2, select("#", ...) do given[index] = literal((select(index, ...))) end
      return asked(number, name, given)
    end
  end
  return made
end

local names = { resolve = object(0), print = print }
for _, name in ipairs({
  "assert", "error", "getmetatable", "ipairs", "math", "next", "pairs", "pcall", "select", "setmetatable", "string", "table",
  "tonumber", "tostring", "type", "unpack",
}) do names[name] = _G[name] end
if arg[2] ~= "bare" then names.ffi = require("ffi") end
setfenv(assert(loadfile(script)), names)()
