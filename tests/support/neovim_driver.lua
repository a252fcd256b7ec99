-- What the tests of Neovim share: `driver.main(steps)` runs the steps of a test and writes what they return as JSON.

local driver = { told = {}, echoed = {}, edits = 0 }
local patience_ms = (tonumber(vim.env.DRIVER_PATIENCE_S) or 500) * 1000

vim.notify = function(text)
  table.insert(driver.told, text)
end
local echo = vim.api.nvim_echo
vim.api.nvim_echo = function(chunks, ...)
  table.insert(driver.echoed, chunks[1][1])
  return echo(chunks, ...)
end

function driver.wait(what, condition)
  assert(vim.wait(patience_ms, condition, 10), "waited in vain for " .. what .. "; told: " .. vim.inspect(driver.told))
end

function driver.client()
  return vim.lsp.get_clients({ bufnr = 0, name = "parley" })[1]
end

function driver.open(path)
  vim.cmd.edit(path)
  driver.wait("the server", function()
    return driver.client() ~= nil and driver.client().initialized
  end)
  vim.api.nvim_buf_attach(0, false, {
    on_lines = function()
      driver.changed = true
    end,
  })
end

function driver.text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n") .. "\n"
end

--- Replace the text as a person would: by itself undoable.
function driver.write(text)
  vim.api.nvim_buf_set_lines(0, 0, -1, false, vim.split(text:gsub("\n$", ""), "\n"))
  vim.cmd("let &g:undolevels = &g:undolevels")
end

function driver.at(line, column)
  vim.api.nvim_win_set_cursor(0, { line, column })
end

function driver.undo_steps()
  return vim.fn.undotree().seq_last
end

function driver.titles()
  local params = vim.lsp.util.make_range_params(0, "utf-16")
  params.context = { diagnostics = {} }
  local answers = vim.lsp.buf_request_sync(0, "textDocument/codeAction", params, patience_ms)
  local titles = {}
  for _, answer in pairs(assert(answers)) do
    for _, action in ipairs(answer.result or {}) do
      if not action.disabled then
        table.insert(titles, action.title)
      end
    end
  end
  return titles
end

function driver.choose(kind)
  vim.lsp.buf.code_action({
    context = { only = { kind }, diagnostics = {} },
    apply = true,
  })
end

function driver.wait_told(pattern)
  driver.wait("a message like " .. pattern, function()
    return vim.iter(driver.told):any(function(text)
      return text:find(pattern) ~= nil
    end)
  end)
end

function driver.main(result_path, steps)
  local function written()
    local fine, result = xpcall(steps, debug.traceback)
    local file = assert(io.open(result_path, "w"))
    file:write(vim.json.encode(fine and { result = result } or { error = result }))
    file:close()
    for _, client in ipairs(vim.lsp.get_clients()) do
      client:stop()
    end
    vim.wait(20 * 1000, function()
      return #vim.lsp.get_clients() == 0
    end)
    vim.cmd("qall!")
  end
  written()
end

return driver
