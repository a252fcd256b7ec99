-- Parley for Neovim 0.11 and newer: configuration, and what the protocol leaves to an editor's own side (asking for an
-- instruction, showing a preview, telling how a request ended). What is done to code is the server's.

local name = "parley"

---@param text string
---@param level? integer
local function tell(text, level)
  vim.notify("Parley: " .. text, level or vim.log.levels.INFO)
end

--- Show text in a split of its own, which `q` closes.
---@param text string
---@param filetype string
---@return integer window
local function show(text, filetype)
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(vim.trim(text), "\n"))
  vim.bo[buffer].filetype, vim.bo[buffer].bufhidden, vim.bo[buffer].modifiable = filetype, "wipe", false
  vim.keymap.set("n", "q", "<cmd>close<cr>", { buffer = buffer })
  return vim.api.nvim_open_win(buffer, false, { split = "below", win = 0 })
end

--- The choice of the person, for a coroutine.
---@param choices string[]
---@param prompt string
---@return string?
local function choose(choices, prompt)
  local asking = coroutine.running()
  local choice, chosen ---@type string?, boolean?
  vim.ui.select(choices, { prompt = prompt }, function(picked)
    choice, chosen = picked, true
    if coroutine.status(asking) == "suspended" then
      coroutine.resume(asking)
    end
  end)
  if not chosen then
    coroutine.yield()
  end
  return choice
end

--- Wait, in a coroutine, until the person neither types nor answers another question: what they type is no answer to one
--- that comes up under their fingers.
local function until_free()
  local waiting = coroutine.running()
  while vim.api.nvim_get_mode().mode ~= "n" do
    vim.defer_fn(function() coroutine.resume(waiting) end, 100)
    coroutine.yield()
  end
end

--- What a document edit would change, as a unified diff.
---@param change lsp.TextDocumentEdit
---@param encoding "utf-8"|"utf-16"|"utf-32"
---@return string
local function diff(change, encoding)
  local path = vim.uri_to_fname(change.textDocument.uri)
  local lines = {} ---@type string[]
  if vim.fn.bufloaded(path) == 1 then
    lines = vim.api.nvim_buf_get_lines(vim.fn.bufnr(path), 0, -1, false)
  elseif vim.fn.filereadable(path) == 1 then
    lines = vim.fn.readfile(path)
  end
  local copy = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(copy, 0, -1, false, lines)
  vim.lsp.util.apply_text_edits(change.edits --[[@as lsp.TextEdit[] ]], copy, encoding)
  local after = vim.api.nvim_buf_get_lines(copy, 0, -1, false)
  vim.api.nvim_buf_delete(copy, { force = true })
  local before_text, after_text = table.concat(lines, "\n") .. "\n", table.concat(after, "\n") .. "\n"
  return ("--- %s\n+++ %s\n%s"):format(path, path, vim.diff(before_text, after_text) --[[@as string]])
end

--- Whether the texts are still those that the changes were made for. (Of a buffer nobody has changed yet, which Neovim
--- counts as version 0 and does not compare, the server says 1.)
---@param changes lsp.TextDocumentEdit[]
---@return boolean
local function are_current(changes)
  return vim.iter(changes):all(function(change)
    local version = change.textDocument.version
    local now = vim.lsp.util.buf_versions[vim.uri_to_bufnr(change.textDocument.uri)]
    return not version or now == version or (now == 0 and version == 1)
  end)
end

--- End what could be undone together with what comes next.
---@param changes lsp.TextDocumentEdit[]
local function break_undo(changes)
  for _, change in ipairs(changes) do
    local buffer = vim.uri_to_bufnr(change.textDocument.uri)
    if vim.api.nvim_buf_is_loaded(buffer) then
      vim.api.nvim_buf_call(buffer, function()
        vim.cmd("let &g:undolevels = &g:undolevels")
      end)
    end
  end
end

--- Apply an edit: after the person's consent where the server asks for it, to no other version, and as one undo step.
---@param params lsp.ApplyWorkspaceEditParams
---@param context lsp.HandlerContext
---@return lsp.ApplyWorkspaceEditResult
local function apply_edit(_, params, context)
  local client = assert(vim.lsp.get_client_by_id(context.client_id))
  local changes = vim.tbl_filter(function(change) ---@param change lsp.TextDocumentEdit|lsp.CreateFile
    return change.edits ~= nil
  end, params.edit.documentChanges or {}) --[[@as lsp.TextDocumentEdit[] ]]
  local annotation = vim.iter(vim.tbl_values(params.edit.changeAnnotations or {})):find(function(each)
    return each.needsConfirmation
  end)
  if annotation then
    until_free()
    local preview = vim.iter(changes):map(function(change) return diff(change, client.offset_encoding) end):join("\n")
    local window = show(preview, "diff")
    vim.cmd.redraw()
    local choice = choose({ "Apply", "Discard" }, ("%s (%s)"):format(annotation.label, annotation.description))
    if vim.api.nvim_win_is_valid(window) then
      vim.api.nvim_win_close(window, true)
    end
    if choice ~= "Apply" then
      return { applied = false, failureReason = "it was discarded" }
    end
  end
  if not are_current(changes) then
    return { applied = false, failureReason = "parley.moved" }
  end
  break_undo(changes)
  local result = vim.lsp.handlers["workspace/applyEdit"](nil, params, context)
  break_undo(changes)
  return result
end

--- Tell how a request ended.
---@param finished { outcome: string, message: string, notes?: string[], text?: string }
local function finish(_, finished)
  if finished.outcome == "explained" then
    show(finished.text, "markdown")
    return
  end
  local fine = vim.list_contains({ "applied", "diff", "cancelled" }, finished.outcome)
  local level = fine and vim.log.levels.INFO or finished.outcome == "failed" and vim.log.levels.ERROR or vim.log.levels.WARN
  tell(table.concat(vim.list_extend({ finished.message }, finished.notes or {}), " "), level)
end

---@param command "parley.refactor"|"parley.explain"|"parley.apply"|"parley.cancel"|"parley.models"
---@param argument? table
---@param then_? fun(result: table)
local function execute(command, argument, then_)
  local client = vim.lsp.get_clients({ bufnr = 0, name = name })[1]
  if not client then
    tell("no server is attached to this buffer; :checkhealth vim.lsp says more.", vim.log.levels.ERROR)
    return
  end
  local params = { command = command, arguments = { argument } }
  client:request("workspace/executeCommand", params, function(err, result)
    if err then
      tell(err.message, vim.log.levels.ERROR)
    elseif then_ then
      then_(result)
    end
  end)
end

--- The person's words, and the model that this one request is for: `@provider/model` before them names it.
---@param words string
---@return string rest
---@return string? model
local function addressed(words)
  local model, rest = words:match("^@(%S+)%s*(.*)$")
  return rest or words, model
end

--- Run a refactoring in the person's words, with a preview; without words, ask for them.
---@param argument table
---@param words? string
local function refactor(argument, words)
  local function run(instruction)
    if instruction and vim.trim(instruction) ~= "" then
      execute("parley.refactor", vim.tbl_extend("force", argument, { instruction = instruction, confirm = true }))
    end
  end
  if words and words ~= "" then
    run(words)
  else
    vim.ui.input({ prompt = "What should change? " }, run)
  end
end

--- Show the explanation in a split.
---@param argument table
local function explain(argument)
  execute("parley.explain", vim.tbl_extend("force", argument, { show = false }))
end

--- Let a model answer this session's requests, or those of one task class; "auto" leaves it to Parley again.
---@param model string
---@param task? string
local function use_model(model, task)
  execute("parley.models", { use = model == "auto" and "" or model, task = task }, function(now)
    tell(("%s answers%s. %s"):format(now.default or "no model", task and (" for " .. task) or "", now.why or ""))
  end)
end

--- Let the person choose the model of this session.
local function pick_model()
  execute("parley.models", nil, coroutine.wrap(function(now) ---@param now { models: table[], default?: string }
    local names = vim.iter(now.models):map(function(each) return each.provider .. "/" .. each.name end):totable()
    local prompt = ("Which model answers? Now: %s"):format(now.default or "none")
    local chosen = choose(vim.list_extend({ "auto" }, names), prompt)
    if chosen then
      use_model(chosen)
    end
  end))
end

--- The document and what of it is meant: the lines of a range, else the cursor.
---@param given vim.api.keyset.create_user_command.command_args
---@return table
local function argument_of(given)
  local buffer, window = vim.api.nvim_get_current_buf(), vim.api.nvim_get_current_win()
  local client = vim.lsp.get_clients({ bufnr = 0, name = name })[1]
  local range = vim.lsp.util.make_range_params(window, client and client.offset_encoding or "utf-16").range
  if given.range > 0 then
    range = { start = { line = given.line1 - 1, character = 0 }, ["end"] = { line = given.line2, character = 0 } }
  end
  local version = vim.lsp.util.buf_versions[buffer]
  return { textDocument = { uri = vim.uri_from_bufnr(buffer), version = version }, range = range }
end

vim.lsp.config(name, {
  cmd = { "parley", "serve" },
  filetypes = {
    "python", "javascript", "javascriptreact", "typescript", "typescriptreact", "go", "rust", "java",
    "c", "cpp", "cs", "ruby", "lua", "php", "sh", "bash",
  },
  root_markers = { ".git" },
  capabilities = {
    workspace = { workspaceEdit = { changeAnnotationSupport = { groupsOnLabel = false } } },
    experimental = { parley = { asks = true, outcomes = true } },
  },
  handlers = { ["workspace/applyEdit"] = apply_edit, ["parley/finished"] = finish },
  commands = {
    ["parley.ask"] = function(command) refactor(command.arguments[1]) end,
    ["parley.explain"] = function(command) explain(command.arguments[1]) end,
  },
})
vim.lsp.enable(name)

vim.api.nvim_create_user_command("ParleyRefactor", function(given)
  local words, model = addressed(given.args)
  refactor(vim.tbl_extend("force", argument_of(given), { model = model }), words)
end, { range = true, nargs = "*", desc = "Change the code as you say" })

vim.api.nvim_create_user_command("ParleyExplain", function(given)
  local words, model = addressed(given.args)
  explain(vim.tbl_extend("force", argument_of(given), { instruction = words ~= "" and words or nil, model = model }))
end, { range = true, nargs = "*", desc = "Explain the code, or answer a question about it" })

vim.api.nvim_create_user_command("ParleyApply", function()
  execute("parley.apply", {})
end, { desc = "Apply the latest change that was kept" })

vim.api.nvim_create_user_command("ParleyModel", function(given)
  local model, task = unpack(given.fargs)
  if model then
    use_model(model, task)
  else
    pick_model()
  end
end, { nargs = "*", desc = "Choose the model of this session, or of one kind of work" })

vim.api.nvim_create_user_command("ParleyCancel", function()
  execute("parley.cancel", nil, function(result)
    if #result.cancelled == 0 then
      tell("nothing is running that could be cancelled.")
    end
  end)
end, { desc = "Cancel every request" })

vim.api.nvim_create_autocmd("LspProgress", {
  group = vim.api.nvim_create_augroup("parley", { clear = true }),
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    local value = event.data.params.value
    if client and client.name == name and value.kind ~= "end" then
      local said = ("%s %s"):format(value.title or "Parley:", value.message or "")
      vim.api.nvim_echo({ { said:sub(1, vim.v.echospace) } }, false, {})
    end
  end,
})
