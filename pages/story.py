"""Story: what a model was, what it learned, how it knows and what a correction does, told to those who look on.

Everything shown comes from one saved story, so it needs no model, no data and no network. The address says which
story, chapter and example are open.
"""

import streamlit as st

from dlcodegen_core import WorkbenchError
from pages._shared import frame
from pages._story import chapters, navigation, shelf

service = frame.begin("story")

with frame.plain_errors():
    chosen = shelf.choose(service)
    shelf.watch_making(service)
    shelf.show_removed(service)
    if chosen is None:
        shelf.nothing_yet(service)
    else:
        story = None
        try:
            story = service.stories.load(chosen)
        except WorkbenchError as exc:
            st.error(frame.plain_text(str(exc)), icon=":material/error:")
        if story is not None:
            place = navigation.opened(story)
            navigation.progress_line(place)
            chapters.draw(story, place)
            navigation.next_step(place)
            st.divider()
            shelf.take_away(service, chosen, story, place)
        shelf.another(service)
