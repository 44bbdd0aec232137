"""Do standings follow each other, and do benefits follow from them? Each is one statement; none asks per member."""

from transactions.proof.audit.statements import Rows

_BENEFIT_HELD = (
    "EXISTS (SELECT 1 FROM members_standing s WHERE s.member_id = a.member_id AND s.tier_id = b.tier_id "
    "AND s.from_at <= a.assigned_at AND (s.until_at IS NULL OR s.until_at >= a.assigned_at))"
)
#: Marketing has just added, ended or dated it, and those who hold its tier are being brought in line.
_IS_UNDER_WAY = (
    "EXISTS (SELECT 1 FROM transactions_nightrun n WHERE n.finished_at IS NULL "
    "AND SUBSTR(n.step, 1, 9) = 'benefits ' AND n.program_id = g.program_id)"
)

STANDINGS = [
    Rows(
        "the number of current tiers in group {}",
        "SELECT member_id, NULL, group_id, SUM(CASE WHEN is_current THEN 1 ELSE 0 END), 1 FROM members_standing "
        "WHERE member_id {ids} GROUP BY member_id, group_id HAVING SUM(CASE WHEN is_current THEN 1 ELSE 0 END) <> 1",
    ),
    Rows(
        "the tier of standing {}",
        "SELECT s.member_id, NULL, s.id, 'one of another group', 'one of its own' FROM members_standing s "
        "JOIN programs_tier t ON t.id = s.tier_id WHERE s.member_id {ids} AND t.group_id <> s.group_id",
    ),
    # Told are those that nothing has replaced: each ends where the next one begins, and the last one is current.
    Rows(
        "the end of standing {}",
        "SELECT member_id, NULL, id, until_at, following FROM (SELECT member_id, id, until_at, LEAD(from_at) OVER "
        "(PARTITION BY member_id, group_id ORDER BY from_at, id) AS following FROM members_standing "
        "WHERE member_id {ids} AND superseded_at IS NULL) told WHERE until_at <> following "
        "OR (until_at IS NULL) <> (following IS NULL)",
    ),
    Rows(
        "what replaced standing {}",
        "SELECT s.member_id, NULL, s.id, 'nothing', 'a standing' FROM members_standing s WHERE s.member_id {ids} "
        "AND s.superseded_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM members_standing r "
        "WHERE r.member_id = s.member_id AND r.group_id = s.group_id AND r.id <> s.id "
        "AND r.recorded_at = s.superseded_at)",
    ),
    Rows(
        "the transaction that caused standing {}",
        "SELECT s.member_id, NULL, s.id, 'missing', s.caused_by FROM members_standing s WHERE s.member_id {ids} "
        "AND s.caused_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM transactions_journal j WHERE j.id = s.caused_by)",
    ),
    Rows(
        "the assignment of benefit {}",
        "SELECT a.member_id, NULL, a.id, a.assigned_at, 'a day on which its tier was held' "
        "FROM members_memberbenefit a JOIN programs_benefit b ON b.id = a.benefit_id "
        f"WHERE a.member_id {{ids}} AND NOT {_BENEFIT_HELD}",
    ),
    Rows(
        "the withdrawal of benefit {}",
        "SELECT a.member_id, NULL, a.id, 'still assigned', 'the end of its tier' FROM members_memberbenefit a "
        "JOIN programs_benefit b ON b.id = a.benefit_id WHERE a.member_id {ids} AND a.withdrawn_at IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM members_standing s WHERE s.is_current AND s.member_id = a.member_id "
        "AND s.tier_id = b.tier_id)",
    ),
    # One whose last day is over by now, or was when the tier was reached, is nobody's.
    Rows(
        "a benefit of standing {}",
        "SELECT s.member_id, NULL, s.id, 'missing', b.code FROM members_standing s "
        "JOIN programs_benefit b ON b.tier_id = s.tier_id JOIN programs_tiergroup g ON g.id = s.group_id "
        "WHERE s.is_current AND s.member_id {ids} AND (b.ends_on IS NULL OR b.ends_on > CURRENT_DATE) "
        f"AND NOT {_IS_UNDER_WAY} AND NOT EXISTS (SELECT 1 FROM members_memberbenefit a "
        "WHERE a.member_id = s.member_id AND a.benefit_id = b.id AND a.withdrawn_at IS NULL)",
    ),
]
