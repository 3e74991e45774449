-- A target storage for darktable's export module: what is exported is coloured by tintype, beside the export.
--
-- Install: copy this file to ~/.config/darktable/lua/ and write  require "tintype"  into ~/.config/darktable/luarc.

local dt = require "darktable"

local COMMAND = os.getenv("TINTYPE_COMMAND") or "tintype"

-- A word for a POSIX shell or for cmd, whatever is in it.
local function quoted(text)
  if package.config:sub(1, 1) == "\\" then
    return '"' .. text:gsub('"', '') .. '"'
  end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local saturation = dt.new_widget("slider") {
  label = "saturation",
  tooltip = "how vivid; 1 as the model answers",
  soft_min = 0, soft_max = 2, hard_min = 0, hard_max = 3, value = 1,
}

local folder = dt.new_widget("file_chooser_button") {
  title = "where the coloured pictures go",
  is_directory = true,
}

-- darktable calls this once for every exported file.
local function store(storage, image, format, filename, number, total, high_quality, extra_data)
  dt.print_log("tintype: " .. filename)
  table.insert(extra_data, filename)
end

-- And this one after the last: one run for all, so that the model is loaded once.
local function finalize(storage, images, extra_data)
  if #extra_data == 0 then
    return
  end
  local target = folder.value
  if target == nil then
    dt.print("tintype: choose a folder for the coloured pictures")
    return
  end
  local words = { quoted(COMMAND), "colorize", "--saturation", string.format("%.2f", saturation.value) }
  for _, filename in ipairs(extra_data) do
    table.insert(words, quoted(filename))
  end
  table.insert(words, "--output")
  table.insert(words, quoted(target .. "/"))
  local status = dt.control.execute(table.concat(words, " "))
  for _, filename in ipairs(extra_data) do
    os.remove(filename) -- the grey export was for tintype alone
  end
  if status == 0 then
    dt.print(string.format("tintype: %d pictures coloured", #extra_data))
  elseif status == 3 then
    dt.print("tintype: there was nothing to do")
  else
    dt.print(string.format("tintype: some pictures failed (status %d); darktable -d lua says more", status))
  end
end

dt.register_storage("tintype", "tintype: beside the export", store, finalize, nil, nil,
  dt.new_widget("box") { orientation = "vertical", folder, saturation })
