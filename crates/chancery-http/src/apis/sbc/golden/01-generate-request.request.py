import requests
headers = { "Accept":"application/xml", "Authorization":"Bearer " + token }
url = "https://" + sbcip + "/rest/v1.2/configuration/certificates/generateRequest?recordName=rest-server"
resp = requests.put(url, headers=headers)
