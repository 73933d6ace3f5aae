#include "words.hpp"

namespace xfsbus::console {
namespace {

/// Takes one line apart, character by character.
class Splitter {
  public:
    explicit Splitter(std::string_view line) : line_(line) {}

    Result<std::vector<std::string>> run() {
        while (at_ < line_.size()) {
            char const c = line_[at_++];
            if (c == '\'' || c == '"') {
                if (!quoted(c)) {
                    return Error{Errc::usage,
                                 std::string("the quote ").append(1, c).append(" is not closed")};
                }
            } else if (c == '\\' && at_ < line_.size()) {
                add(line_[at_++]);
            } else if (c == ' ' || c == '\t') {
                end_word();
            } else {
                add(c);
            }
        }
        end_word();
        return std::move(words_);
    }

  private:
    bool quoted(char quote) {
        in_word_ = true;
        while (at_ < line_.size()) {
            char c = line_[at_++];
            if (c == quote) {
                return true;
            }
            bool const escapes = quote == '"' && c == '\\' && at_ < line_.size() &&
                                 (line_[at_] == '"' || line_[at_] == '\\');
            if (escapes) {
                c = line_[at_++];
            }
            add(c);
        }
        return false;
    }

    void add(char c) {
        in_word_ = true;
        word_ += c;
    }

    void end_word() {
        if (in_word_) {
            words_.push_back(std::move(word_));
        }
        word_.clear();
        in_word_ = false;
    }

    std::string_view line_;
    std::size_t at_ = 0;
    bool in_word_ = false;
    std::string word_;
    std::vector<std::string> words_;
};

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view line) {
    return Splitter(line).run();
}

std::string quote_word(std::string_view text) {
    if (!text.empty() && text.find_first_of(" \t'\"\\") == std::string_view::npos) {
        return std::string(text);
    }
    std::string out = "'";
    for (char const c : text) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

}  // namespace xfsbus::console
