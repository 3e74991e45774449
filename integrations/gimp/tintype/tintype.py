#!/usr/bin/env python3
"""A plug-in for GIMP 3: Filters > Colors > Colourise with tintype. The result is a new layer over the drawable."""

import shutil
import sys
import tempfile
from pathlib import Path

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gimp, GimpUi, Gio, GLib, GObject  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bridge  # noqa: E402

PROCEDURE = "plug-in-tintype-colourise"


def run(procedure, run_mode, image, drawables, config, data):
    """Export the drawable, let tintype colour it, lay the result over it. One step to undo."""
    if len(drawables) != 1:
        return failure(procedure, Gimp.PDBStatusType.CALLING_ERROR, "choose one layer to colour")
    (drawable,) = drawables
    if run_mode == Gimp.RunMode.INTERACTIVE:
        GimpUi.init(PROCEDURE)
        dialog = GimpUi.ProcedureDialog.new(procedure, config, "Colourise with tintype")
        dialog.fill(None)
        accepted = dialog.run()
        dialog.destroy()
        if not accepted:
            return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, None)
    given = bridge.options(*(config.get_property(name) for name in ("model", "saturation", "strength")))
    folder = Path(tempfile.mkdtemp(prefix="tintype-gimp-"))
    result = None
    try:
        Gimp.progress_init("Colouring")
        source = folder / "grey.png"
        copy = Gimp.Image.new(drawable.get_width(), drawable.get_height(), Gimp.ImageBaseType.RGB)
        layer = Gimp.Layer.new_from_drawable(drawable, copy)
        copy.insert_layer(layer, None, 0)
        Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, copy, Gio.File.new_for_path(str(source)), None)
        copy.delete()
        result = bridge.colourise(source, given)
        image.undo_group_start()
        made = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(str(result)))
        made.set_name("tintype")
        image.insert_layer(made, drawable.get_parent(), image.get_item_position(drawable))
        _, x, y = drawable.get_offsets()
        made.set_offsets(x, y)
        image.undo_group_end()
        Gimp.displays_flush()
    except bridge.Failed as error:
        return failure(procedure, Gimp.PDBStatusType.EXECUTION_ERROR, str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if result is not None:
            shutil.rmtree(result.parent, ignore_errors=True)
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)


def failure(procedure, status, text):
    """An error that GIMP shows as it is."""
    return procedure.new_return_values(status, GLib.Error(text))


class Tintype(Gimp.PlugIn):
    """The plug-in as GIMP asks for it."""

    def do_query_procedures(self):
        """The names of what it brings."""
        return [PROCEDURE]

    def do_set_i18n(self, name):
        """No translations."""
        return False

    def do_create_procedure(self, name):
        """The one procedure, with what its dialog asks."""
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        procedure.set_image_types("*")
        procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.DRAWABLE)
        procedure.set_menu_label("Colourise with _tintype...")
        procedure.add_menu_path("<Image>/Filters/Colors")
        procedure.set_documentation("Colour a black-and-white photograph", "Runs the command tintype.", name)
        procedure.set_attribution("the tintype authors", "the tintype authors", "2026")
        flags = GObject.ParamFlags.READWRITE
        procedure.add_string_argument("model", "_Model", "A name of `tintype models`", "tint", flags)
        procedure.add_double_argument("saturation", "_Saturation", "How vivid", 0.0, 3.0, 1.0, flags)
        procedure.add_double_argument("strength", "S_trength", "From grey to full colour", 0.0, 1.0, 1.0, flags)
        return procedure


if __name__ == "__main__":
    Gimp.main(Tintype.__gtype__, sys.argv)
