set -eu
kauth=https://kauth.kakao.com/oauth
kapi=https://kapi.kakao.com
client="client_id=$KAKAO_REST_API_KEY&client_secret=$KAKAO_CLIENT_SECRET"
field() { sed "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/"; }
post() { wget -qO- --post-data "$1" "$2"; }

query="response_type=code&client_id=$KAKAO_REST_API_KEY&redirect_uri=$REDIRECT_URI"
answer=$(python browser.py "$kauth/authorize?$query")
code="code=${answer#*code=}&redirect_uri=$REDIRECT_URI"
token=$(post "$client&grant_type=authorization_code&$code" $kauth/token)
header="Authorization: Bearer $(echo "$token" | field access_token)"
me=$(wget -qO- --header "$header" $kapi/v2/user/me)
refresh_token=$(echo "$token" | field refresh_token)
post "$client&grant_type=refresh_token&refresh_token=$refresh_token" $kauth/token > /dev/null
unlinked=$(wget -qO- --header "$header" --post-data "" $kapi/v1/user/unlink)
echo "{\"profile\": $(echo "$me" | field id), \"refresh\": true, \"unlink\": $unlinked}"
