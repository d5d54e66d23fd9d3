(function () {
  "use strict";
  var root = document.documentElement;
  var charts = JSON.parse(document.getElementById("charts").textContent);
  var drawn = [];

  function colour(name) {
    return getComputedStyle(root).getPropertyValue(name).trim();
  }

  function series(chart) {
    var bars = !chart.lines;
    return (chart.lines || chart.bars).map(function (one, i) {
      var paint = colour("--c" + (i % 6));
      if (bars && chart.bars.length === 1) {
        paint = one.values.map(function (v, k) { return colour("--c" + (k % 6)); });
      }
      return {
        label: one.name,
        data: bars ? one.values : one.xs.map(function (x, k) { return { x: x, y: one.ys[k] }; }),
        borderColor: paint,
        backgroundColor: paint,
        borderWidth: bars ? 0 : 2,
        borderRadius: bars ? 4 : 0,
        maxBarThickness: 56,
        pointRadius: 0,
        pointHitRadius: 8,
        tension: 0.25
      };
    });
  }

  function axis(title) {
    return {
      title: { display: !!title, text: title, color: colour("--soft") },
      ticks: { color: colour("--soft") },
      grid: { color: colour("--line") },
      border: { display: false }
    };
  }

  function draw() {
    drawn.forEach(function (one) { one.destroy(); });
    drawn = [];
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    document.querySelectorAll("canvas[data-chart]").forEach(function (canvas) {
      var chart = charts[Number(canvas.dataset.chart)];
      var bars = !chart.lines;
      var x = axis(bars ? "" : chart.x);
      var y = axis(chart.y);
      if (bars) { x.grid.display = false; } else { x.type = "linear"; }
      y.beginAtZero = true;
      drawn.push(new Chart(canvas, {
        type: bars ? "bar" : "line",
        data: { labels: bars ? chart.categories : undefined, datasets: series(chart) },
        options: {
          responsive: true,
          maintainAspectRatio: false,
          animation: false,
          interaction: { mode: "index", intersect: false },
          scales: { x: x, y: y },
          plugins: {
            legend: { display: !bars || chart.bars.length > 1, position: "bottom", labels: { color: colour("--ink"), boxWidth: 12, boxHeight: 12, useBorderRadius: true, borderRadius: 3 } }
          }
        }
      }));
    });
  }

  root.classList.add("charts");
  draw();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
