"""Chart of one symbol on the live page, without points; the page's script adds them as they come."""

from plotly import graph_objects as go

from agents.pages import drawing, palette

HEIGHT = 640
ROWS = {
    "price": (0.56, 1.0),
    "regime": (0.50, 0.535),
    "weights": (0.335, 0.465),
    "position": (0.17, 0.30),
    "gain": (0.0, 0.135),
}
"""Bottom and top of each row of the chart, as fractions of its height; the time axis is below all of them."""

TITLES = {
    "price": "mid, quote currency; predictions: ▲ up, ▼ down, the surer the darker",
    "regime": "regime",
    "weights": "weight of each strategy and model: as outcomes mature, 100 % in all",
    "position": "position, part of capital",
    "gain": "paper account, bps of capital: after cost, and before cost (dotted)",
}


def course() -> go.Figure:
    """Empty chart with five rows on one time axis: price, regime, weights, position, and gain.

    The weights are those of the experts, the forecasters that the live prediction is mixed from. Traces stand in the
    order in which the page's script fills them: price, predictions up, predictions down, regime, gain after cost, gain
    before cost, position, then one trace for each expert.
    """
    made = drawing.figure("", height=HEIGHT)
    made.update_layout(margin={"l": drawing.LEFT, "r": 10, "t": 22, "b": 8}, showlegend=False, hovermode="x")
    axes = {name: "y" if place == 0 else f"y{place + 1}" for place, name in enumerate(ROWS)}
    for name, (bottom, top) in ROWS.items():
        layout = made.layout.yaxis.to_plotly_json() if name == "price" else dict(made.layout.yaxis.to_plotly_json())
        key = "yaxis" if name == "price" else f"yaxis{axes[name][1:]}"
        made.update_layout({key: layout | {"domain": [bottom, top], "anchor": "x", "automargin": False, "nticks": 4}})
        made.add_annotation(
            x=0.0,
            xref="paper",
            xanchor="left",
            y=top,
            yref="paper",
            yanchor="bottom",
            text=TITLES[name],
            showarrow=False,
            font={"size": 11.5, "color": palette.MUTED.light},
        )
    made.add_annotation(
        name="beliefs", x=0.5, xref="paper", y=0.5, yref="y3", text="", showarrow=False, visible=False,
        font={"size": 12, "color": palette.MUTED.light},
    )  # fmt: skip
    made.update_layout(
        yaxis2={"showticklabels": False, "showgrid": False, "fixedrange": True},
        yaxis3={"range": [0, 1], "tickformat": ".0%", "fixedrange": True},
        yaxis4={"tickformat": "~%", "rangemode": "tozero"},
        xaxis={"anchor": "y5", "domain": [0, 1], "uirevision": "time"},
    )
    line = {"mode": "lines", "hoverinfo": "y", "x": [], "y": []}
    made.add_scatter(**line, name="mid", yaxis="y", line={"color": palette.INK.light, "width": 1.3})
    for name, symbol in (("up", "triangle-up"), ("down", "triangle-down")):
        made.add_scatter(
            x=[], y=[], yaxis="y", name=name, mode="markers", hoverinfo="text", text=[], customdata=[],
            marker={"symbol": symbol, "size": 9, "color": palette.ACCENT.light, "opacity": [], "line": {"width": 0}},
        )  # fmt: skip
    shades = [shade.light for shade in palette.REGIMES.values()]
    scale = [((place + end) / len(shades), shade) for place, shade in enumerate(shades) for end in (0, 1)]
    made.add_heatmap(
        x=[], y=[""], z=[[]], yaxis="y2", colorscale=scale, zmin=-0.5, zmax=len(shades) - 0.5, showscale=False,
        text=[[]], hoverinfo="text",
    )  # fmt: skip
    net = {"color": palette.ACCENT.light, "width": 1.6}
    made.add_scatter(**line, name="net", yaxis="y5", line=net)
    made.add_scatter(**line, name="gross", yaxis="y5", line={"color": palette.MUTED.light, "width": 1.2, "dash": "dot"})
    made.add_scatter(
        **line, name="position", yaxis="y4", fill="tozeroy", fillcolor=palette.BAND.light,
    )  # fmt: skip
    made.data[-1].line = {"color": palette.ACCENT.light, "width": 1.2, "shape": "hv"}
    for shade in palette.CATEGORIES:
        made.add_scatter(
            x=[], y=[], yaxis="y3", mode="lines", stackgroup="all", hoverinfo="name+y", yhoverformat=".1%", name="",
            line={"width": 0, "color": shade.light, "shape": "hv"}, fillcolor=shade.light, visible=False,
        )  # fmt: skip
    return made
