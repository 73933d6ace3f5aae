#include "catch.hpp"

#include <xfsbus/swarm/content_index.hpp>

#include <algorithm>
#include <list>
#include <random>

using namespace xfsbus;
using namespace xfsbus::swarm;

namespace {

/// Many of them begin alike, as a stranger might have it, so that their places are the same.
wire::ContentId content(std::size_t number) {
    wire::ContentId id;
    id.bytes[7] = static_cast<std::uint8_t>(number % 16);
    id.bytes[31] = static_cast<std::uint8_t>(number);
    return id;
}

std::vector<std::string> names(std::vector<IndexedFile const*> const& files) {
    std::vector<std::string> names;
    for (auto const* file : files) {
        names.push_back(file->name);
    }
    return names;
}

std::vector<std::string> names_of(std::list<IndexedFile> const& files,
                                  wire::ContentId const& content) {
    std::vector<std::string> names;
    for (auto const& file : files) {
        if (file.content == content) {
            names.push_back(file.name);
        }
    }
    std::ranges::sort(names);
    return names;
}

}  // namespace

TEST_CASE("of the files with one content, the first by name comes first") {
    ContentIndex index(1);
    IndexedFile const b{"b", content(1), nullptr, {}};
    IndexedFile const a{"a", content(1), nullptr, {}};
    IndexedFile const c{"c", content(1), nullptr, {}};
    for (auto const* file : {&b, &a, &c}) {
        index.insert(*file);
    }
    CHECK(index.first(content(1)) == &a);
    CHECK(names(index.all(content(1), 2)) == std::vector<std::string>{"a", "b"});
    CHECK(index.all(content(1), 0).empty());
    index.erase(a);
    CHECK(names(index.all(content(1), 9)) == std::vector<std::string>{"b", "c"});
    index.erase(c);
    CHECK(names(index.all(content(1), 9)) == std::vector<std::string>{"b"});
    index.erase(b);
    CHECK(index.first(content(1)) == nullptr);
    CHECK(index.all(content(1), 9).empty());
}

TEST_CASE("whatever files come and go, each content's are found, and no others") {
    constexpr unsigned contents = 200;
    std::mt19937 random(1);
    ContentIndex index(random());
    std::list<IndexedFile> files;
    for (unsigned step = 0; step < 20'000; ++step) {
        bool const grows = step / 2000 % 2 == 0;
        if (files.empty() || random() % 10 < (grows ? 7 : 3)) {
            files.push_back({std::to_string(step), content(random() % contents), nullptr, {}});
            index.insert(files.back());
        } else {
            auto const gone =
                std::next(files.begin(), random() % std::min<std::size_t>(files.size(), 50));
            index.erase(*gone);
            files.erase(gone);
        }
        auto const asked = content(random() % contents);
        REQUIRE(names(index.all(asked, files.size() + 1)) == names_of(files, asked));
    }
}
