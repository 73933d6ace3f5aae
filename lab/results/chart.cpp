#include "results/chart.hpp"

#include "results/report.hpp"
#include "results/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>

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

std::string marker_svg(std::size_t i, double x, double y) {
    auto const style = "class=\"mark\" fill=\"white\" stroke=\"" + colour(i) + "\"";
    constexpr double r = 4;
    switch (i % 4) {
        case 0:
            return "<circle " + style + " cx=\"" + at(x) + "\" cy=\"" + at(y) + "\" r=\"3.5\"/>";
        case 1:
            return "<rect " + style + " x=\"" + at(x - 3.5) + "\" y=\"" + at(y - 3.5) +
                   "\" width=\"7\" height=\"7\"/>";
        case 2:
            return "<path " + style + " d=\"M" + at(x) + " " + at(y - r) + "l4 7.5h-8z\"/>";
        default:
            return "<path " + style + " d=\"M" + at(x) + " " + at(y - r) + "l4 4l-4 4l-4 -4z\"/>";
    }
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

std::string line_svg(double x1, double y1, double x2, double y2, std::string const& more) {
    return "<line x1=\"" + at(x1) + "\" y1=\"" + at(y1) + "\" x2=\"" + at(x2) + "\" y2=\"" +
           at(y2) + "\" " + more + "/>";
}

std::string text_svg(double x, double y, char const* anchor, std::string const& words) {
    return "<text x=\"" + at(x) + "\" y=\"" + at(y) + "\" text-anchor=\"" + anchor + "\">" +
           html(words) + "</text>";
}

std::string chart_svg(double height, std::string const& label, std::string const& inner) {
    return "<svg class=\"chart\" role=\"img\" aria-label=\"" + html(label) +
           "\" viewBox=\"0 0 640 " + at(height) + "\">" + inner + "</svg>\n";
}

/// From 0 to `most`, below a plot that ends at y.
std::string x_axis(double most, double y, double top, std::string const& label) {
    std::string out;
    double const step = tick_of(most);
    for (int i = 0; i * step <= most * 1.0001; ++i) {
        double const x = left + plot * i * step / most;
        out += line_svg(x, top, x, y, "class=\"grid\"") +
               text_svg(x, y + 16, "middle", number_text("%.6g", i * step));
    }
    return out + text_svg(left + plot / 2, y + 34, "middle", label);
}

}  // namespace

std::string marker_of(std::size_t i) {
    return "<svg class=\"key\" viewBox=\"0 0 40 12\" width=\"40\" height=\"12\">" +
           line_svg(0, 6, 40, 6,
                    "stroke=\"" + colour(i) + "\" stroke-width=\"2\" stroke-dasharray=\"" +
                        dash(i) + "\"") +
           marker_svg(i, 20, 6) + "</svg>";
}

std::string steps_chart(std::vector<Series> const& series, std::string const& x_label) {
    constexpr double top = 12;
    constexpr double bottom = 300;
    double most = 0;
    for (auto const& each : series) {
        most = each.points.empty() ? most : std::max(most, each.points.back().first);
    }
    if (most <= 0) {
        return "<p>No download has ended.</p>\n";
    }
    std::string out = x_axis(most, bottom, top, x_label);
    for (int percent = 0; percent <= 100; percent += 25) {
        double const y = bottom - (bottom - top) * percent / 100;
        out += line_svg(left, y, left + plot, y, "class=\"grid\"") +
               text_svg(left - 6, y + 4, "end", std::to_string(percent) + " %");
    }
    for (std::size_t i = 0; i < series.size(); ++i) {
        std::string way;
        std::string marks;
        std::size_t const apart = std::max<std::size_t>(series[i].points.size() / 6, 1);
        for (std::size_t n = 0; n < series[i].points.size(); ++n) {
            double const x = left + plot * series[i].points[n].first / most;
            double const y = bottom - (bottom - top) * series[i].points[n].second;
            way += way.empty() ? "M" + at(x) + " " + at(bottom) + "V" + at(y)
                               : "H" + at(x) + "V" + at(y);
            marks += (n + 1) % apart == 0 || n == 0 ? marker_svg(i, x, y) : "";
        }
        out += "<path class=\"steps\" data-policy=\"" + html(series[i].label) + "\" d=\"" + way +
               "\" fill=\"none\" stroke=\"" + colour(i) +
               "\" stroke-width=\"2\" stroke-dasharray=\"" + dash(i) + "\"/>" + marks;
    }
    return chart_svg(bottom + axis, "share of downloads done, by " + x_label, out);
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
        auto const& row = rows[i];
        double const y = top + row_height * static_cast<double>(i) + 26;
        auto const x_of = [&](double value) { return left + plot * value / most; };
        out +=
            text_svg(left + 4, y - 10, "start", row.label + ": " + at(row.value)) +
            line_svg(x_of(row.low), y, x_of(row.high), y,
                     "class=\"whisker\" stroke-width=\"2\" stroke=\"" + colour(i) + "\"") +
            line_svg(x_of(row.low), y - 5, x_of(row.low), y + 5, "stroke=\"" + colour(i) + "\"") +
            line_svg(x_of(row.high), y - 5, x_of(row.high), y + 5, "stroke=\"" + colour(i) + "\"") +
            marker_svg(i, x_of(row.value), y);
    }
    return chart_svg(bottom + axis, x_label, out);
}

}  // namespace xfsbus::lab::results
