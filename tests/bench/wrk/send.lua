-- Sends messages, each new, into rooms in turn. Arguments: a file with a line "TOKEN ROOM" for each
-- sender, and a number of 12 hexadecimal digits, larger with each run.

require "report"

local senders = {}
local next_sender, count = 1, 0
local prefix

function init(args)
  for line in io.lines(args[1]) do
    local token, room = line:match("^(%S+) (%S+)$")
    senders[#senders + 1] = {
      headers = { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" },
      -- as UUIDv7: keys that grow with time
      start = '{"room_id":"' .. room .. '","type":"text","client_id":"'
    }
  end
  prefix = args[2]:sub(1, 8) .. "-" .. args[2]:sub(9, 12) .. "-7000-8000-"
end

function request()
  local sender = senders[next_sender]
  next_sender = next_sender % #senders + 1
  count = count + 1
  local body = sender.start .. prefix .. string.format("%012x", count) ..
    '","data":{"text":"Shall we meet on Saturday at the usual place? Bring the book."}}'
  return wrk.format("POST", "/chat/messages", sender.headers, body)
end
