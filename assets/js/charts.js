// Draws a chart from the JSON that the server put beside it, in the tokens of the page.
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, LineChart, AriaComponent, GridComponent, MarkLineComponent, TooltipComponent, SVGRenderer]);

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const COLOURS = ["c1", "c2", "c3", "c4", "c5"];

export function draw(element) {
  const source = document.getElementById(element.dataset.chart);
  if (!source || element.querySelector("svg")) return;
  const chart = init(element, null, { renderer: "svg" });
  chart.setOption(option(JSON.parse(source.textContent)));
  new ResizeObserver(() => element.isConnected && chart.resize()).observe(element);
}

function option(spec) {
  const text = { color: token("faint"), fontSize: 11, fontFamily: token("font") };
  return {
    animation: false,
    textStyle: { fontFamily: token("font") },
    grid: { left: 4, right: 8, top: 14, bottom: 2, containLabel: true },
    tooltip: {
      trigger: "axis", renderMode: "richText", backgroundColor: token("ink"), borderWidth: 0,
      axisPointer: { type: "line", lineStyle: { color: token("edge"), width: 1 } },
      textStyle: { color: token("surface"), fontSize: 12 }, valueFormatter: (value) => grouped(value),
    },
    xAxis: {
      type: "category", data: spec.x, axisTick: { show: false },
      axisLine: { lineStyle: { color: token("line") } }, axisLabel: { ...text, hideOverlap: true },
    },
    yAxis: {
      type: "value", splitNumber: 3, minInterval: 1, axisLabel: { ...text, formatter: short },
      splitLine: { lineStyle: { color: token("c-grid") } },
    },
    series: spec.series.map((one, at) => series(one, COLOURS[at % COLOURS.length], spec.mark)),
  };
}

function series(one, colour, mark) {
  if (one.kind === "bar") {
    return { name: one.name, type: "bar", stack: "all", data: one.values, barMaxWidth: 22, barCategoryGap: "32%", itemStyle: { color: token(colour) } };
  }
  const compared = one.kind === "compare";
  const drawn = compared ? token("c5") : token(colour);
  return {
    name: one.name, type: "line", data: one.values, symbol: "none", step: one.step ? "middle" : false,
    itemStyle: { color: drawn },
    lineStyle: compared ? { width: 1.5, type: [4, 3], color: drawn } : { width: 1.75, color: drawn },
    areaStyle: one.kind === "area" ? { color: token("accent-soft"), opacity: 1 } : undefined,
    markLine: mark && one.kind === "area" ? limit(mark) : undefined,
  };
}

function limit(mark) {
  return {
    silent: true, symbol: "none", data: [{ yAxis: mark.at }],
    label: { formatter: mark.label, position: "insideEndTop", color: token("faint"), fontSize: 11 },
    lineStyle: { color: token("edge"), type: [3, 3] },
  };
}

const grouped = (value) => (value == null ? "—" : Number(value).toLocaleString("en-KE").replace("-", "−"));

function short(value) {
  const size = Math.abs(value);
  const shown = size >= 1e6 ? `${+(size / 1e6).toFixed(1)} M` : size >= 1000 ? `${+(size / 1000).toFixed(1)}k` : `${size}`;
  return (value < 0 ? "−" : "") + shown;
}
