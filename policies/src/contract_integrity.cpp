#include "contract.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/policies/host/seeded_random.hpp>

#include <algorithm>
#include <future>
#include <set>

namespace xfsbus::policies {
namespace {

using Message = std::vector<std::byte>;

constexpr std::size_t messages_tried = 300;

Message random_message(SeededRandom& random) {
    Message message(random.rng().below(5'000));
    std::ranges::generate(message, [&] { return static_cast<std::byte>(random.next()); });
    return message;
}

Message digest_of(Integrity& hash) {
    Message digest(hash.digest_size());
    hash.finish(digest);
    return digest;
}

/// In pieces of any length.
Message digest_in_pieces(Integrity& hash, Message const& message, SeededRandom& random) {
    std::span<std::byte const> left(message);
    while (!left.empty()) {
        auto const piece = left.first(1 + random.rng().below(left.size()));
        hash.update(piece);
        left = left.subspan(piece.size());
    }
    return digest_of(hash);
}

/// Whether two objects do, at the same time, what one did.
bool same_on_threads(HashAlgorithm const& algorithm, std::vector<Message> const& messages,
                     std::vector<Message> const& digests) {
    auto const all = [&] {
        auto const hash = algorithm.make();
        return std::ranges::equal(messages, digests, {}, [&](Message const& message) {
            hash->update(message);
            return digest_of(*hash);
        });
    };
    auto other = std::async(std::launch::async, all);
    bool const here = all();
    return other.get() && here;
}

}  // namespace

ContractTrial try_integrity(LoadPlugin const& load) {
    ContractTrial trial;
    HashAlgorithm const algorithm(load());
    std::vector<Message> messages(1);  // an empty one
    std::vector<Message> digests;
    std::uint64_t split_differently = 0;
    try {
        SeededRandom random(2024);
        while (messages.size() < messages_tried) {
            messages.push_back(random_message(random));
        }
        auto const hash = algorithm.make();
        for (auto const& message : messages) {
            auto const begun = time_of_this_thread();
            hash->update(message);
            digests.push_back(digest_of(*hash));
            trial.spent += time_of_this_thread() - begun;
            split_differently += digest_in_pieces(*hash, message, random) == digests.back() ? 0 : 1;
        }
        trial.decisions = messages.size();
        bool const on_threads = same_on_threads(algorithm, messages, digests);
        std::set<Message> const different(messages.begin(), messages.end());
        std::set<Message> const told_apart(digests.begin(), digests.end());
        trial.rules = {
            {"nothing is thrown", ""},
            {"it does not matter where a message is divided, and the next one begins afresh",
             split_differently > 0 ? std::to_string(split_differently) + " digests differed" : ""},
            {"different messages have different digests",
             told_apart.size() < different.size() ? "some had the same" : ""},
            {"objects on several threads do not disturb each other",
             on_threads ? "" : "digests differed"}};
    } catch (PolicyFault const& fault) {
        trial.rules = {{"nothing is thrown", fault.what()}};
    }
    return trial;
}

}  // namespace xfsbus::policies
