"""The prompt as 544 numbers: the largest of each group, and all of them as one strip."""

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen
from pages._predict.asked import Asked
from pages._shared import charts

STRONGEST = 6


def draw(service: DLCodeGen, asked: Asked) -> None:
    answer = asked.answer
    if service.versions.card(answer.version).is_sequence:
        st.markdown(
            "**The prompt in 544 numbers**",
            help="What DeepCodeNet would see of it. The model that answered reads the tokens themselves; "
            "these numbers were measured not to help it. Shown are the largest of each group.",
        )
    else:
        st.markdown(
            "**What the model saw: 544 numbers in four groups**",
            help="The network knows the prompt only through these numbers. Shown are the largest of each group.",
        )
    groups = service.explainer.break_down(answer, STRONGEST)
    cards = st.grid("auto", min_column_width=250)
    for group in groups:
        with cards.container(border=True, height="stretch"):
            st.markdown(f"**{group.title}**")
            st.caption(f"{group.active} of {group.size} not zero")
            if group.strongest:
                st.dataframe(
                    pd.DataFrame(
                        {
                            "Value": [named.value for named in group.strongest],
                            "Dimension": [named.name for named in group.strongest],
                        }
                    ),
                    hide_index=True,
                    column_config={"Value": st.column_config.NumberColumn(format="%.2f", width="small")},
                )
            else:
                st.caption("Nothing of this group stands in the prompt.")
    charts.feature_strip(answer.features, service.explainer.dimension_names(answer.version), groups)
    st.caption("Each cell is one number, blue-green above zero, orange below; every group is scaled to its largest.")
