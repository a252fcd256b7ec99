"""A real Neovim, configured as docs/editors.md says, with a real server process: what a person has in the end."""

from __future__ import annotations

import pytest

from support.house import ROOT
from support.local_models import SMALL, obtain
from support.real_editors import README, blocks, desk, literal, neovim

ON_DISK = "# old\n" * 3
SOURCE = 'def area(w, h):\n    """Área."""\n    x = w * h  # 😋\n    return x\n'
RENAMED = SOURCE.replace("x =", "product =").replace("return x", "return product")
REWRITTEN = SOURCE.replace("    x = w * h  # 😋\n    return x\n", "    return w * h\n")
RENAME = {"task_class": "rename", "json": {"x": "product"}}
REWRITE = {"task_class": "custom", "text": f"```python\n{REWRITTEN}```\n"}
EXPLAIN = {"task_class": "explain", "text": "It multiplies.\n"}
ENDLESS = {"task_class": "rename", "pieces": [{"text": "{", "delay_ms": 20}, {"text": " ", "delay_ms": 20}]}
ENDLESS["ending"] = "endless"
MODELS = ("small", "large", "huge")
KIND = "refactor.rewrite.parley.rename"


def opened(work, text=SOURCE):
    """Steps that open a file with `text` on disk."""
    path = work.file("area.py", text)
    return f"driver.open({literal(str(path))})\ndriver.at(3, 0)\n"


def test_the_guide_shows_the_file_as_it_is():
    """What a person pastes is what the repository keeps and checks."""
    assert blocks("lua", README) == blocks("lua")[:1]
    assert blocks("lua")[1] == (ROOT / "editors" / "neovim" / "parley.lua").read_text(encoding="utf-8")


@pytest.mark.parametrize("block", [0, 1])
def test_code_actions_are_offered_without_a_model(tmp_path, block):
    """The two lines offer what needs no words; the file offers to say it in words, too."""
    work = desk(tmp_path, [])
    offered = neovim(work, f"{opened(work)} return driver.titles()", block=block)
    assert {"Rename for clarity", "Simplify", "Explain"} <= {title.split(" (")[0].split(" “")[0] for title in offered}
    assert any(title.startswith("Change as I say") for title in offered) == (block == 1)


def test_the_settings_that_the_guide_shows_are_what_the_server_is_told(tmp_path):
    """It asks for them, and has nothing against them."""
    work = desk(tmp_path, [])
    steps = f"""{blocks("lua")[2]}
    local answer, told = vim.lsp.handlers["workspace/configuration"], nil
    vim.lsp.handlers["workspace/configuration"] = function(...)
      told = answer(...)
      return told
    end
    {opened(work)}
    driver.wait("the question for settings", function() return told ~= nil end)
    driver.titles()
    return {{ settings = told, messages = #driver.told }}
    """
    settings = {"timeouts": {"idle_s": 60}, "embedded": {"threads": 4}}
    assert neovim(work, steps) == {"settings": [settings], "messages": 0}


@pytest.mark.parametrize("block", [0, 1])
def test_a_code_action_changes_the_text_once_and_one_undo_brings_it_back(tmp_path, block):
    """The unsaved text is what is refactored; the file on disk is not touched."""
    work = desk(tmp_path, [RENAME])
    steps = f"""{opened(work, ON_DISK)}
    driver.write({literal(SOURCE)})
    driver.at(3, 0)
    local before = driver.undo_steps()
    driver.choose("{KIND}")
    driver.wait("the edit", function() return driver.text() ~= {literal(SOURCE)} end)
    vim.wait(300)
    local after, steps = driver.text(), driver.undo_steps() - before
    vim.cmd.undo()
    return {{ after = after, steps = steps, undone = driver.text() }}
    """
    assert neovim(work, steps, block=block) == {"after": RENAMED, "steps": 1, "undone": SOURCE}
    assert (work.folder / "area.py").read_text(encoding="utf-8") == ON_DISK


def test_progress_and_the_outcome_are_told(tmp_path):
    """The message line says what is being done; the end is a notification."""
    work = desk(tmp_path, [{**RENAME, "delay_ms": 500}])
    steps = f"""{opened(work)}
    driver.choose("{KIND}")
    driver.wait_told("^Parley: ")
    return {{ echoed = driver.echoed, told = driver.told }}
    """
    found = neovim(work, steps)
    assert found["echoed"]
    assert all(text.startswith("Parley: Rename for clarity") for text in found["echoed"])
    assert len(found["told"]) == 1


def test_a_session_a_kind_of_work_and_a_request_can_have_their_own_model(tmp_path):
    """`:ParleyModel` alone shows what there is; a word that begins with @ names the model of one request."""
    work = desk(tmp_path, [{"model": name, "task_class": "explain", "text": name, "times": 9} for name in MODELS])
    steps = f"""{opened(work)}
    local offered, explained = nil, {{}}
    vim.ui.select = function(choices, options, callback)
      offered = choices
      callback("scripted/large")
    end
    local function explain(words)
      vim.cmd("ParleyExplain " .. words)
      driver.wait("an explanation", function() return #vim.api.nvim_list_wins() == 2 end)
      for _, window in ipairs(vim.api.nvim_list_wins()) do
        if window ~= vim.api.nvim_get_current_win() then
          table.insert(explained, vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false)[1])
        end
      end
      vim.cmd.only()
    end
    explain("")
    vim.cmd.ParleyModel()
    driver.wait_told("scripted/large answers%. ")
    explain("")
    explain("@scripted/huge what is it?")
    vim.cmd.ParleyModel("small", "explain")
    driver.wait_told("scripted/small answers for explain%. ")
    explain("")
    return {{ offered = offered, explained = explained }}
    """
    assert neovim(work, steps) == {
        "offered": ["auto", "scripted/small", "scripted/large", "scripted/huge"],
        "explained": ["small", "large", "huge", "small"],
    }


def test_cancel_stops_a_request_and_leaves_the_text(tmp_path):
    """`:ParleyCancel` ends a model that would never end; a second one says that nothing runs."""
    work = desk(tmp_path, [ENDLESS])
    steps = f"""{opened(work)}
    driver.choose("{KIND}")
    driver.wait("progress", function() return #driver.echoed > 0 end)
    vim.cmd.ParleyCancel()
    driver.wait_told("Cancelled")
    vim.cmd.ParleyCancel()
    driver.wait_told("nothing is running")
    return {{ text = driver.text(), modified = vim.bo.modified }}
    """
    assert neovim(work, steps) == {"text": SOURCE, "modified": False}


def test_a_refused_result_leaves_the_text(tmp_path):
    """What fails its checks is told and never applied."""
    work = desk(tmp_path, [{"task_class": "rename", "json": {"x": "h"}}])
    steps = f"""{opened(work)}
    driver.choose("{KIND}")
    driver.wait_told("^Parley: ")
    return {{ text = driver.text(), modified = vim.bo.modified }}
    """
    assert neovim(work, steps) == {"text": SOURCE, "modified": False}


PREVIEWED = """
local seen
vim.ui.input = function(options, callback) callback("use no intermediate name") end
vim.ui.select = function(choices, options, callback)
  seen = { choices = choices, prompt = options.prompt, windows = #vim.api.nvim_list_wins() }
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    local buffer = vim.api.nvim_win_get_buf(window)
    if vim.bo[buffer].filetype == "diff" then
      seen.diff = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
    end
  end
  vim.schedule(function()
    %(meanwhile)s
    callback(%(choice)s)
  end)
end
%(ask)s
driver.wait_told("^Parley: ")
return {
  seen = seen, text = driver.text(), windows = #vim.api.nvim_list_wins(), told = driver.told[1],
}
"""
ASKS = ["vim.cmd.ParleyRefactor()", 'driver.choose("refactor.rewrite.parley.custom")']


def previewed(work, *, choice, ask=ASKS[0], meanwhile=""):
    """What is seen of a refactoring in the person's words, which ends in a preview and `choice`."""
    steps = PREVIEWED % {"choice": literal(choice) if choice else "nil", "ask": ask, "meanwhile": meanwhile}
    return neovim(work, opened(work) + steps)


@pytest.mark.parametrize("ask", [*ASKS, "vim.cmd('2,3ParleyRefactor use no intermediate name')"])
def test_a_change_in_words_is_previewed_and_applied_on_consent(tmp_path, ask):
    """The person sees the diff and how far it is proved, chooses, and the preview is gone."""
    found = previewed(desk(tmp_path, [REWRITE]), choice="Apply", ask=ask)
    assert found["text"] == REWRITTEN
    assert found["windows"] == 1
    assert found["seen"]["choices"] == ["Apply", "Discard"]
    assert "Not proved" in found["seen"]["prompt"]
    assert {"-    x = w * h  # 😋", "-    return x", "+    return w * h"} <= set(found["seen"]["diff"])


@pytest.mark.parametrize("choice", ["Discard", None])
def test_a_change_that_the_person_discards_is_not_made(tmp_path, choice):
    """Also when the question is left without an answer."""
    found = previewed(desk(tmp_path, [REWRITE]), choice=choice)
    assert (found["text"], found["windows"]) == (SOURCE, 1)
    assert "discarded" in found["told"]


def test_a_change_follows_text_that_changed_elsewhere_under_the_preview(tmp_path):
    """The person typed above while the question stood, and said yes: both are in the text."""
    found = previewed(
        desk(tmp_path, [REWRITE]), choice="Apply", meanwhile="vim.api.nvim_buf_set_lines(0, 0, 0, false, {'# typed'})"
    )
    assert found["text"] == "# typed\n" + REWRITTEN
    assert "moved along" in found["told"]


def test_a_change_is_not_made_to_lines_that_changed_under_the_preview(tmp_path):
    """The person typed in the function itself; what they typed stays, alone, and the change is kept."""
    typed = "vim.api.nvim_buf_set_lines(0, -2, -1, false, {'    return 3'})"
    found = previewed(desk(tmp_path, [REWRITE]), choice="Apply", meanwhile=typed)
    assert "    return w * h" not in found["text"]
    assert "    return 3" in found["text"]
    assert "changed" in found["told"]


def test_what_a_person_is_typing_is_no_answer(tmp_path):
    """The question waits while they insert text, or are asked something else; what they typed is in the text."""
    work, init = desk(tmp_path, [REWRITE]), str(tmp_path / "init.lua")
    steps = f"""{opened(work)}
    local arguments = {{ "--embed", "--headless", "-n", "-i", "NONE", "-u", {literal(init)}, "area.py" }}
    local typist = vim.fn.jobstart(vim.list_extend({{ vim.v.progpath }}, arguments), {{ rpc = true }})
    local function there(lua)
      return vim.rpcrequest(typist, "nvim_exec_lua", lua, {{}})
    end
    there([[
      waits, modes = 0, {{}}
      vim.api.nvim_create_autocmd("LspProgress", {{ callback = function(event)
        waits = waits + ((event.data.params.value.message or ""):find("your answer") and 1 or 0)
      end }})
      vim.ui.select = function(choices, options, callback)
        table.insert(modes, vim.api.nvim_get_mode().mode)
        callback("Apply")
      end
    ]])
    driver.wait("the server", function() return there("return #vim.lsp.get_clients({{ bufnr = 0 }}) == 1") end)
    vim.rpcrequest(typist, "nvim_input", "3G:ParleyRefactor use no intermediate name<CR>ggOzz = 1")
    driver.wait("the question", function() return there("return waits > 0") end)
    vim.wait(500)
    local late = there("return #modes")
    vim.rpcrequest(typist, "nvim_input", "<Esc>")
    driver.wait("the edit", function() return there("return vim.fn.search('return w') > 0") end)
    local text = table.concat(vim.rpcrequest(typist, "nvim_buf_get_lines", 0, 0, -1, false), "\\n") .. "\\n"
    local modes = there("return modes")
    vim.fn.jobstop(typist)
    return {{ late = late, modes = modes, text = text }}
    """
    assert neovim(work, steps) == {"late": 0, "modes": ["n"], "text": "zz = 1\n" + REWRITTEN}


@pytest.mark.parametrize("ask", ["vim.cmd.ParleyExplain()", 'driver.choose("parley.explain")'])
def test_an_explanation_opens_in_a_split(tmp_path, ask):
    """It is Markdown, cannot be edited, and the code stays in its window."""
    work = desk(tmp_path, [EXPLAIN])
    steps = f"""{opened(work)}
    {ask}
    driver.wait("the explanation", function() return #vim.api.nvim_list_wins() == 2 end)
    local found = {{ text = driver.text() }}
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      local buffer = vim.api.nvim_win_get_buf(window)
      if vim.bo[buffer].filetype == "markdown" then
        found.explanation = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\\n")
        found.modifiable = vim.bo[buffer].modifiable
      end
    end
    return found
    """
    found = neovim(work, steps)
    assert (found["text"], found["modifiable"]) == (SOURCE, False)
    assert "It multiplies." in found["explanation"]


@pytest.mark.model
def test_a_real_model_documents_a_function(tmp_path):
    """The smallest model writes the docstring; nothing else changes, and one undo brings the old text back."""
    source = "def mean(values):\n    total = sum(values)\n    return total / len(values)\n"
    obtain(SMALL)
    work = desk(tmp_path, PARLEY_MODEL=f"embedded/{SMALL}")
    steps = f"""{opened(work, source)}
    driver.choose("refactor.rewrite.parley.docstring")
    driver.wait_told("^Parley: ")
    local after = driver.text()
    vim.cmd.undo()
    return {{ after = after, undone = driver.text(), told = driver.told }}
    """
    found = neovim(work, steps)
    namespace = {}
    exec(compile(found["after"], "<text>", "exec"), namespace)  # noqa: S102 - the point of the test
    assert len(namespace["mean"].__doc__.split()) >= 3, found["told"]
    assert namespace["mean"]([1, 2, 6]) == 3
    assert found["undone"] == source
