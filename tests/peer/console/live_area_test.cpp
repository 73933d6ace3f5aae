#include "live_area.hpp"

#include "catch.hpp"

#include <vector>

using namespace xfsbus::console;
using namespace std::chrono_literals;

namespace {

/// As much of a terminal as redraw() needs: what stands in its lines, and where the cursor is.
class Screen {
  public:
    void show(std::string const& text) {
        for (std::size_t at = 0; at < text.size(); ++at) {
            char const c = text[at];
            if (c == '\r') {
                column_ = 0;
            } else if (c == '\n') {
                ++row_;
                column_ = 0;
                lines_.resize(std::max(lines_.size(), row_ + 1));
            } else if (c == '\033') {
                at = command(text, at + 2);
            } else {
                lines_[row_].resize(std::max(lines_[row_].size(), column_ + 1), ' ');
                lines_[row_][column_++] = c;
            }
        }
    }

    [[nodiscard]] std::vector<std::string> const& lines() const { return lines_; }

  private:
    std::size_t command(std::string const& text, std::size_t begin) {
        auto const end = text.find_first_not_of("0123456789", begin);
        if (text[end] == 'A') {
            row_ -= std::stoul(text.substr(begin, end - begin));
        } else {
            lines_[row_].resize(std::min(lines_[row_].size(), column_));
        }
        if (text[end] == 'J') {
            lines_.resize(row_ + 1);
        }
        return end;
    }

    std::vector<std::string> lines_ = {""};
    std::size_t row_ = 0;
    std::size_t column_ = 0;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("Lines are drawn over those before, also when there are more or fewer of them") {
    Screen screen;
    std::size_t before = 0;
    for (auto const& lines : {Lines{"one", "two"}, Lines{"1", "a longer one", "3", "4"},
                              Lines{"short", "er"}, Lines{"single"}, Lines{"x", "y", "z"}}) {
        screen.show(redraw(before, lines));
        CHECK(screen.lines() == lines);
        before = lines.size();
    }
}

TEST_CASE("Lines that are erased leave an empty one, where the cursor is") {
    Screen screen;
    screen.show(redraw(0, {"one", "two", "three"}));
    screen.show(redraw(3, {}));
    CHECK(screen.lines() == Lines{""});
    screen.show("next");
    CHECK(screen.lines() == Lines{"next"});
}

TEST_CASE("What has a pace happens once in each slot of time") {
    Pace pace(100ms);
    Pace::Time const begin{1h};
    CHECK(pace.due(begin));
    CHECK_FALSE(pace.due(begin + 1ms));
    CHECK_FALSE(pace.due(begin + 99ms));
    CHECK(pace.due(begin + 100ms));
    CHECK(pace.due(begin + 1000ms));
}

TEST_CASE("A pace of ten a second lets ten a second through, whatever is offered") {
    Pace pace(100ms);
    int passed = 0;
    for (auto at = 0ms; at < 1000ms; at += 7ms) {
        passed += pace.due(Pace::Time{1h + at}) ? 1 : 0;
    }
    CHECK(passed == 10);
}

TEST_CASE("A pace does not halve what comes as often as it allows, a little early or late") {
    Pace pace(100ms);
    int passed = 0;
    for (int i = 0; i < 100; ++i) {
        auto const jitter = std::chrono::milliseconds(i % 3 - 1);
        passed += pace.due(Pace::Time{1h + 50ms + i * 100ms + jitter}) ? 1 : 0;
    }
    CHECK(passed == 100);
}
