#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::lab::results {

/// A line of a chart, or a point with its interval.
struct Series {
    std::string label;
    std::vector<std::pair<double, double>> points;  ///< x and y, by x
};

/// A value with the interval that it lies in.
struct Whisker {
    std::string label;
    double low = 0;
    double value = 0;
    double high = 0;
};

/// An SVG of steps from 0 to 1, as wide as the page: shares of what is done by the time on x. The
/// lines differ by their dashes and markers; the legend is what marker_of() gives.
std::string steps_chart(std::vector<Series> const& series, std::string const& x_label);

/// An SVG of values that hold for a while each: from a point's x to that of the next, and 0 from
/// the last on. The lines differ as those of steps_chart.
std::string rates_chart(std::vector<Series> const& series, std::string const& x_label,
                        std::string const& y_label);

/// An SVG with a row for each value; x begins at 0.
std::string whisker_chart(std::vector<Whisker> const& rows, std::string const& x_label);

/// A small SVG that shows how the line with this number is drawn.
std::string marker_of(std::size_t number);

}  // namespace xfsbus::lab::results
