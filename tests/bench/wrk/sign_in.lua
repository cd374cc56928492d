-- Signs people in, in turn. Arguments: a file with a phone number on each line, and the password of
-- all of them.

require "report"

local bodies = {}
local next_body = 1

function init(args)
  for number in io.lines(args[1]) do
    bodies[#bodies + 1] =
      '{"phone_number":"' .. number .. '","password":"' .. args[2] .. '"}'
  end
end

function request()
  local body = bodies[next_body]
  next_body = next_body % #bodies + 1
  return wrk.format("POST", "/auth/sign-in", { ["Content-Type"] = "application/json" }, body)
end
