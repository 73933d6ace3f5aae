#include "catalogue.hpp"

#include "catch.hpp"
#include "change_log.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::tracker;

namespace {

constexpr KeyedHash::Key key{1, 2};

wire::ContentId content_of(unsigned number) {
    wire::ContentId id;
    id.bytes[0] = static_cast<std::uint8_t>(number);
    return id;
}

/// A catalogue with one peer.
struct Sut {
    Sut() { memory.join(peer, "10.0.0.1", 0); }

    Slot const peer = 0;
    Memory memory;
    ChangeNumbers numbers;
    FileLog changes{numbers, 1024 * 1024};
    Catalogue catalogue{memory, changes, key};
};

/// The contents of a name, as its first version leads to them.
std::vector<wire::ContentId> contents_of(Catalogue const& catalogue, std::string const& name) {
    std::vector<wire::ContentId> contents;
    for (auto const* each = catalogue.first_of(name); each != nullptr;
         each = each->second.next_of_name) {
        CHECK(each->first.name == name);
        contents.push_back(each->first.content);
    }
    return contents;
}

}  // namespace

TEST_CASE("The keyed hash is SipHash-2-4") {
    KeyedHash const hash({0x0706050403020100U, 0x0f0e0d0c0b0a0908U});
    std::string text;
    CHECK(hash(text) == 0x726fdb47dd0e0e31U);
    for (char byte = 0; byte < 15; ++byte) {
        text += byte;
    }
    CHECK(hash(text) == 0xa129ca6149be45e5U);  // of the paper's appendix
    CHECK(KeyedHash({1, 2})(text) != hash(text));
}

TEST_CASE("A name leads to all of its versions in order, whatever comes and goes") {
    Sut sut;
    std::map<std::string, std::set<unsigned>> model;
    std::optional<Version> before;
    std::mt19937 random(7);  // NOLINT: the same events each time
    for (int step = 0; step < 20'000; ++step) {
        auto const name = "file-" + std::to_string(random() % 60);
        auto const content = static_cast<unsigned>(random() % 5);
        if (random() % 2 == 0) {
            before = sut.catalogue.add({name, content_of(content), 10}, sut.peer, before);
            model[name].insert(content);
        } else if (model[name].erase(content) > 0) {
            before.reset();  // it may be the one that goes
            sut.catalogue.remove(sut.catalogue.add({name, content_of(content), 10}, sut.peer),
                                 sut.peer);
        }
        std::vector<wire::ContentId> wanted;
        for (unsigned const each : model[name]) {
            wanted.push_back(content_of(each));
        }
        REQUIRE(contents_of(sut.catalogue, name) == wanted);
    }
    CHECK(sut.catalogue.first_of("file") == nullptr);
}

TEST_CASE("A file is put in its place, whatever stood before the one that was to be before it") {
    Sut sut;
    auto before = sut.catalogue.add({"m", content_of(1), 10}, sut.peer);
    for (auto const* const name : {"n", "p", "o", "a", "z", "zz", "b", "b/c", "m", "zzz"}) {
        before = sut.catalogue.add({name, content_of(1), 10}, sut.peer, before);
        CHECK(before->first.name == name);
    }
    std::vector<std::string> names;
    for (auto const& version : sut.catalogue.by_name()) {
        names.push_back(version.first.name);
    }
    CHECK(names == std::vector<std::string>{"a", "b", "b/c", "m", "n", "o", "p", "z", "zz", "zzz"});
}

TEST_CASE("Contents stand in the order of their bytes, however many of them are alike") {
    Sut sut;
    std::mt19937 random(7);  // NOLINT: the same events each time
    std::set<std::pair<wire::ContentId, std::string>> model;
    for (int step = 0; step < 2'000; ++step) {
        wire::ContentId content;  // alike up to the place where one bit may differ
        content.bytes[random() % content.bytes.size()] = random() % 2 == 0 ? 0x80 : 1;
        auto const name = std::to_string(random() % 3);
        auto const version = sut.catalogue.add({name, content, 10}, sut.peer);
        model.emplace(content, name);
        if (random() % 3 == 0) {
            sut.catalogue.remove(version, sut.peer);
            model.erase({content, name});
        }
        REQUIRE(std::ranges::equal(sut.catalogue.by_content(), model, {}, [](auto const& place) {
            return std::pair(place.version->first.content, place.version->first.name);
        }));
    }
}

TEST_CASE("The index of names has about a bucket for each name, while they come and when they go") {
    constexpr int many = 5'000;
    std::map<Position, VersionState, ByName> versions;
    NameIndex index(key);
    auto const name_of = [](int number) { return "dir/" + std::to_string(number); };
    auto const all_found = [&](int begin, int end) {
        for (int i = 0; i < many; ++i) {
            auto const* const found = index.find(name_of(i));
            bool const there = begin <= i && i < end;
            if ((found != nullptr) != there || (there && found->first.name != name_of(i))) {
                return false;
            }
        }
        return true;
    };
    for (int i = 0; i < many; ++i) {
        index.add(*versions.try_emplace({name_of(i), {}}).first);
        CHECK(index.buckets() == static_cast<std::size_t>(i) + 1);
    }
    CHECK(all_found(0, many));
    for (int i = 0; i < many; ++i) {
        auto const place = versions.find(PositionView(name_of(i), {}));
        index.remove(*place);
        versions.erase(place);
        auto const left = static_cast<std::size_t>(many - i - 1);
        CHECK(index.buckets() <= 2 * left + 2);
        if (i == many / 2) {
            CHECK(all_found(i + 1, many));
        }
    }
    CHECK(all_found(0, 0));
}
