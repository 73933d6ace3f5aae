#include "results/chart.hpp"

#include "results/report.hpp"
#include "results/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

namespace xfsbus::lab::results {
namespace {

constexpr double page_width = 640;
constexpr double left = 46;
constexpr double right = 16;
constexpr double plot = page_width - left - right;
constexpr double axis = 40;  ///< of labels, below

/// A place in the drawing.
std::string at(double value) {
    return number_text("%.2f", value);
}

/// Dark, and apart in black and white by dash and marker.
std::string colour(std::size_t i) {
    constexpr std::array<char const*, 6> colours = {"#000000", "#0050a0", "#a03000",
                                                    "#006040", "#702080", "#606060"};
    return colours[i % colours.size()];
}

std::string dash(std::size_t i) {
    constexpr std::array<char const*, 5> dashes = {"none", "7 3", "2 3", "9 3 2 3", "12 4"};
    return dashes[i % dashes.size()];
}

/// An element of a drawing, in the making.
class Element {
  public:
    explicit Element(std::string name) : name_(std::move(name)) {}

    Element& set(std::string_view key, std::string_view value) {
        attributes_ += ' ';
        attributes_ += key;
        attributes_ += R"(=")";
        attributes_ += value;
        attributes_ += '"';
        return *this;
    }

    Element& set(std::string_view key, double value) { return set(key, at(value)); }

    [[nodiscard]] std::string with(std::string const& inner) const {
        return "<" + name_ + attributes_ + ">" + inner + "</" + name_ + ">";
    }

  private:
    std::string name_;
    std::string attributes_;
};

std::string marker_svg(std::size_t i, double x, double y) {
    constexpr std::array<char const*, 4> names = {"circle", "rect", "path", "path"};
    Element element(names[i % names.size()]);
    element.set("class", "mark").set("fill", "white").set("stroke", colour(i));
    constexpr double r = 4;
    auto const top = "M" + at(x) + " " + at(y - r);
    switch (i % names.size()) {
        case 0:
            element.set("cx", x).set("cy", y).set("r", r);
            break;
        case 1:
            element.set("x", x - r).set("y", y - r).set("width", 2 * r).set("height", 2 * r);
            break;
        case 2:
            element.set("d", top + "l4 7.5h-8z");
            break;
        default:
            element.set("d", top + "l4 4l-4 4l-4 -4z");
    }
    return element.with({});
}

/// 1, 2 or 5 times a power of ten: about four of them make `most`.
double tick_of(double most) {
    double const rough = most / 4;
    double const power = std::pow(10, std::floor(std::log10(rough)));
    for (double const factor : {1., 2., 5.}) {
        if (rough <= factor * power) {
            return factor * power;
        }
    }
    return 10 * power;
}

Element line_from(double x1, double y1, double x2, double y2) {
    Element line("line");
    line.set("x1", x1).set("y1", y1).set("x2", x2).set("y2", y2);
    return line;
}

std::string grid_line(double x1, double y1, double x2, double y2) {
    return line_from(x1, y1, x2, y2).set("class", "grid").with({});
}

std::string text_svg(double x, double y, char const* anchor, std::string const& words) {
    return Element("text").set("x", x).set("y", y).set("text-anchor", anchor).with(html(words));
}

std::string chart_svg(double height, std::string const& label, std::string const& inner) {
    return Element("svg")
               .set("class", "chart")
               .set("role", "img")
               .set("aria-label", html(label))
               .set("viewBox", "0 0 640 " + at(height))
               .with(inner) +
           "\n";
}

/// From 0 to `most`, below a plot that ends at y.
std::string x_axis(double most, double y, double top, std::string const& label) {
    std::string out;
    double const step = tick_of(most);
    for (int i = 0; i * step <= most * 1.0001; ++i) {
        double const x = left + plot * i * step / most;
        out +=
            grid_line(x, top, x, y) + text_svg(x, y + 16, "middle", number_text("%.6g", i * step));
    }
    return out + text_svg(left + plot / 2, y + 34, "middle", label);
}

/// A plot's ends: what is at its right, and at its top.
struct Plot {
    double x_most = 0;
    double y_most = 1;
};

constexpr double plot_top = 12;
constexpr double plot_bottom = 300;

/// A line with its markers, which rises or falls at each point.
std::string steps_svg(Series const& series, std::size_t i, Plot const& ends, char const* kind) {
    std::string way;
    std::string marks;
    std::size_t const apart = std::max<std::size_t>(series.points.size() / 6, 1);
    for (std::size_t n = 0; n < series.points.size(); ++n) {
        double const x = left + plot * series.points[n].first / ends.x_most;
        double const y =
            plot_bottom - (plot_bottom - plot_top) * series.points[n].second / ends.y_most;
        way += way.empty() ? "M" + at(x) + " " + at(plot_bottom) : "H" + at(x);
        way += "V" + at(y);
        marks += (n + 1) % apart == 0 || n == 0 ? marker_svg(i, x, y) : "";
    }
    return Element("path")
               .set("class", kind)
               .set("data-policy", html(series.label))
               .set("d", way)
               .set("fill", "none")
               .set("stroke", colour(i))
               .set("stroke-width", "2")
               .set("stroke-dasharray", dash(i))
               .with({}) +
           marks;
}

/// A line across, at that share of the plot's height.
std::string y_grid(double share, std::string const& words) {
    double const y = plot_bottom - (plot_bottom - plot_top) * share;
    return grid_line(left, y, left + plot, y) + text_svg(left - 6, y + 4, "end", words);
}

double last_x(std::vector<Series> const& all) {
    double most = 0;
    for (auto const& each : all) {
        most = each.points.empty() ? most : std::max(most, each.points.back().first);
    }
    return most;
}

/// An interval with its mean, for a plot that ends at `most`.
std::string whisker_svg(Whisker const& whisker, std::size_t i, double most, double y) {
    auto const x_of = [&](double value) { return left + plot * value / most; };
    constexpr double end = 5;
    std::string out = text_svg(left + 4, y - 10, "start", whisker.label + ": " + at(whisker.value));
    out += line_from(x_of(whisker.low), y, x_of(whisker.high), y)
               .set("class", "whisker")
               .set("stroke-width", "2")
               .set("stroke", colour(i))
               .with({});
    for (double const value : {whisker.low, whisker.high}) {
        out +=
            line_from(x_of(value), y - end, x_of(value), y + end).set("stroke", colour(i)).with({});
    }
    return out + marker_svg(i, x_of(whisker.value), y);
}

}  // namespace

std::string marker_of(std::size_t i) {
    auto const line = line_from(0, 6, 40, 6)
                          .set("stroke", colour(i))
                          .set("stroke-width", "2")
                          .set("stroke-dasharray", dash(i))
                          .with({});
    return Element("svg")
        .set("class", "key")
        .set("viewBox", "0 0 40 12")
        .set("width", "40")
        .set("height", "12")
        .with(line + marker_svg(i, 20, 6));
}

std::string steps_chart(std::vector<Series> const& series, std::string const& x_label) {
    Plot const ends{.x_most = last_x(series)};
    if (ends.x_most <= 0) {
        return "<p>No download has ended.</p>\n";
    }
    std::string out = x_axis(ends.x_most, plot_bottom, plot_top, x_label);
    for (int percent = 0; percent <= 100; percent += 25) {
        out += y_grid(percent / 100.0, std::to_string(percent) + " %");
    }
    for (std::size_t i = 0; i < series.size(); ++i) {
        out += steps_svg(series[i], i, ends, "steps");
    }
    return chart_svg(plot_bottom + axis, "share of downloads done, by " + x_label, out);
}

std::string rates_chart(std::vector<Series> const& series, std::string const& x_label,
                        std::string const& y_label) {
    Plot ends{.x_most = last_x(series), .y_most = 0};
    for (auto const& each : series) {
        for (auto const& [x, y] : each.points) {
            ends.y_most = std::max(ends.y_most, y);
        }
    }
    if (ends.x_most <= 0 || ends.y_most <= 0) {
        return "<p>Nothing has come.</p>\n";
    }
    std::string out = x_axis(ends.x_most, plot_bottom, plot_top, x_label);
    double const step = tick_of(ends.y_most);
    for (int i = 0; i * step <= ends.y_most; ++i) {
        out += y_grid(i * step / ends.y_most, number_text("%.6g", i * step));
    }
    for (std::size_t i = 0; i < series.size(); ++i) {
        out += steps_svg(series[i], i, ends, "rates");
    }
    return "<p>" + html(y_label) + "</p>\n" +
           chart_svg(plot_bottom + axis, y_label + ", by " + x_label, out);
}

std::string whisker_chart(std::vector<Whisker> const& rows, std::string const& x_label) {
    constexpr double top = 8;
    constexpr double row_height = 38;
    double most = 0;
    for (auto const& row : rows) {
        most = std::max(most, row.high);
    }
    if (most <= 0) {
        return "<p>No run has ended.</p>\n";
    }
    double const bottom = top + row_height * static_cast<double>(rows.size());
    std::string out = x_axis(most, bottom, top, x_label);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        double const y = top + row_height * static_cast<double>(i) + 26;
        out += whisker_svg(rows[i], i, most, y);
    }
    return chart_svg(bottom + axis, x_label, out);
}

}  // namespace xfsbus::lab::results
