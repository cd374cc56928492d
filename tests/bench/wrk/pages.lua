-- Reads pages of one room, each somewhere else in it. Arguments: a target that ends where a seq
-- belongs, and the largest seq.

require "report"

local target, largest

function init(args)
  target, largest = args[1], tonumber(args[2])
end

function request()
  return wrk.format("GET", target .. math.random(51, largest))
end
